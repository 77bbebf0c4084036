//! The policies of the roles of ECS, which pulls from ECR.

use wharfinger_core::Timestamp;

use super::ManagedPolicy;

/// What starting a task takes: pulling its image, and writing its log.
pub const TASK_EXECUTION_ROLE: ManagedPolicy = managed! {
    path: "/service-role/",
    name: "AmazonECSTaskExecutionRolePolicy",
    policy_id: "ANPAJG4T4G4PV56DE72PY",
    version: 1,
    description: "Provides access to other AWS service resources that are required to run Amazon ECS \
                  tasks",
    created_at: Timestamp::from_seconds(1_510_858_102),
    updated_at: Timestamp::from_seconds(1_510_858_102),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// What an instance of EC2 does that runs tasks.
pub const CONTAINER_INSTANCE_ROLE: ManagedPolicy = managed! {
    path: "/service-role/",
    name: "AmazonEC2ContainerServiceforEC2Role",
    policy_id: "ANPAJLYJCVHC7TQHCSQDS",
    version: 10,
    description: "Default policy for the Amazon EC2 Role for Amazon EC2 Container Service.",
    created_at: Timestamp::from_seconds(1_426_790_718),
    updated_at: Timestamp::from_seconds(1_770_919_192),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ec2:DescribeTags",
                "ecs:CreateCluster",
                "ecs:DeregisterContainerInstance",
                "ecs:DiscoverPollEndpoint",
                "ecs:Poll",
                "ecs:RegisterContainerInstance",
                "ecs:StartTelemetrySession",
                "ecs:UpdateContainerInstancesState",
                "ecs:Submit*",
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogStream",
                "logs:PutLogEvents"
            ],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "ecs:CreateAction": ["CreateCluster", "RegisterContainerInstance"]
                }
            }
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:ListTagsForResource"],
            "Resource": [
                "arn:aws:ecs:*:*:task/*/*",
                "arn:aws:ecs:*:*:container-instance/*/*"
            ]
        }
    ]
}"#,
};

/// What ECS does for a service behind a load balancer.
pub const SERVICE_ROLE: ManagedPolicy = managed! {
    path: "/service-role/",
    name: "AmazonEC2ContainerServiceRole",
    policy_id: "ANPAJO53W2XHNACG7V77Q",
    version: 2,
    description: "Default policy for Amazon ECS service role.",
    created_at: Timestamp::from_seconds(1_428_596_059),
    updated_at: Timestamp::from_seconds(1_470_920_881),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ec2:AuthorizeSecurityGroupIngress",
                "ec2:Describe*",
                "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
                "elasticloadbalancing:DeregisterTargets",
                "elasticloadbalancing:Describe*",
                "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
                "elasticloadbalancing:RegisterTargets"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// What ECS does for volumes of tasks.
pub const VOLUMES_ROLE: ManagedPolicy = managed! {
    path: "/service-role/",
    name: "AmazonECSInfrastructureRolePolicyForVolumes",
    policy_id: "ANPAWHARFINGERAAAAAAI",
    version: 4,
    description: "Provides access to other AWS service resources required to manage volumes \
                  associated with ECS workloads on your behalf.",
    created_at: Timestamp::from_seconds(1_704_927_408),
    updated_at: Timestamp::from_seconds(1_770_848_201),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "CreateEBSManagedVolume",
            "Effect": "Allow",
            "Action": "ec2:CreateVolume",
            "Resource": "arn:aws:ec2:*:*:volume/*",
            "Condition": {
                "ArnLike": {
                    "aws:RequestTag/AmazonECSCreated": "arn:aws:ecs:*:*:task/*"
                },
                "StringEquals": {
                    "aws:RequestTag/AmazonECSManaged": "true"
                }
            }
        },
        {
            "Sid": "CreateEBSManagedVolumeFromSnapshot",
            "Effect": "Allow",
            "Action": "ec2:CreateVolume",
            "Resource": "arn:aws:ec2:*:*:snapshot/*"
        },
        {
            "Sid": "TagOnCreateVolume",
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "arn:aws:ec2:*:*:volume/*",
            "Condition": {
                "ArnLike": {
                    "aws:RequestTag/AmazonECSCreated": "arn:aws:ecs:*:*:task/*"
                },
                "StringEquals": {
                    "ec2:CreateAction": "CreateVolume",
                    "aws:RequestTag/AmazonECSManaged": "true"
                }
            }
        },
        {
            "Sid": "DescribeVolumesForLifecycle",
            "Effect": "Allow",
            "Action": ["ec2:DescribeVolumes", "ec2:DescribeAvailabilityZones"],
            "Resource": "*"
        },
        {
            "Sid": "DescribeInstancesForAttachingVolume",
            "Effect": "Allow",
            "Action": ["ec2:DescribeInstances"],
            "Resource": "*"
        },
        {
            "Sid": "ManageEBSVolumeLifecycle",
            "Effect": "Allow",
            "Action": ["ec2:AttachVolume", "ec2:DetachVolume"],
            "Resource": "arn:aws:ec2:*:*:volume/*",
            "Condition": {
                "StringEquals": {
                    "aws:ResourceTag/AmazonECSManaged": "true"
                }
            }
        },
        {
            "Sid": "ManageVolumeAttachmentsForEC2",
            "Effect": "Allow",
            "Action": ["ec2:AttachVolume", "ec2:DetachVolume"],
            "Resource": "arn:aws:ec2:*:*:instance/*"
        },
        {
            "Sid": "DeleteEBSManagedVolume",
            "Effect": "Allow",
            "Action": "ec2:DeleteVolume",
            "Resource": "arn:aws:ec2:*:*:volume/*",
            "Condition": {
                "ArnLike": {
                    "aws:ResourceTag/AmazonECSCreated": "arn:aws:ecs:*:*:task/*"
                },
                "StringEquals": {
                    "aws:ResourceTag/AmazonECSManaged": "true"
                }
            }
        }
    ]
}"#,
};
