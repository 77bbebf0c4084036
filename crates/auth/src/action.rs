//! The IAM actions of ECR, each with the kind of resource it is about.
//!
//! The table is that of the IAM service reference for Amazon ECR ("Actions defined by Amazon
//! Elastic Container Registry"); only actions that something here demands are in it.

use crate::{RegistryResource, RepositoriesResource, RepositoryResource, Resource};

/// An action, as a type: `Permit<actions::PutImage>` is the right to put an image.
pub trait Action: Send + Sync + 'static {
    /// The name policies use, such as `ecr:PutImage`.
    const NAME: &'static str;
    /// What it is about.
    type Resource: Resource;
}

macro_rules! actions {
    ($($resource:ty { $($name:ident),* $(,)? })*) => {
        /// The actions.
        pub mod actions {
            use super::{Action, RegistryResource, RepositoriesResource, RepositoryResource};
            $($(
                #[doc = concat!("`ecr:", stringify!($name), "`.")]
                #[derive(Debug, Clone, Copy, PartialEq, Eq)]
                pub enum $name {}

                impl Action for $name {
                    const NAME: &'static str = concat!("ecr:", stringify!($name));
                    type Resource = $resource;
                }
            )*)*
        }
    };
}

actions! {
    RegistryResource {
        DescribeRegistry,
        GetAuthorizationToken,
    }
    RepositoriesResource {
        DescribeRepositories,
    }
    RepositoryResource {
        BatchCheckLayerAvailability,
        BatchDeleteImage,
        BatchGetImage,
        CompleteLayerUpload,
        CreateRepository,
        DeleteRepository,
        DescribeImages,
        GetDownloadUrlForLayer,
        InitiateLayerUpload,
        ListImages,
        ListTagsForResource,
        PutImage,
        PutImageScanningConfiguration,
        PutImageTagMutability,
        TagResource,
        UntagResource,
        UploadLayerPart,
    }
}
