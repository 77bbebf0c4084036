//! Random policies and requests out of few words, so that they meet often.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::evaluator::Asked;

const ACTIONS: &[&str] = &[
    "*",
    "ecr:*",
    "ecr:Get*",
    "ECR:putimage",
    "ecr:Put?mage",
    "ecr:PutImage",
    "s3:*",
    "*:PutImage",
    "ecr:*Image",
    "e*:*",
    "ecr:P*I*e",
    "ecr:BatchGetImage",
    "?cr:*a*",
    "iam:?*",
];
const ASKED_ACTIONS: &[&str] =
    &["ecr:PutImage", "ecr:GetItem", "ecr:BatchGetImage", "s3:PutImage", "iam:Get"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:ecr:*:*:repository/*",
    "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
    "arn:aws:ecr:*:111122223333:repository/t?am/*",
    "arn:aws:ecr",
    "arn:aws:ecr:*",
    "arn:aws:ecr:eu-*",
    "arn:aws:ecr:us-east-1:999988887777",
    "arn:aws:s3:::bucket/*",
    "arn:*:*:*:*:*:x",
    "arn:aws:ecr:*:*:repository/team/${aws:username}/*",
    "arn:aws:ecr:*:*:repository/a${*}b",
    "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team, 'team'}/*",
    "arn:aws:ecr:*:*:*/a*b*",
    "arn:aws:ecr:*:*:repository/${aws:TagKeys}*",
    "arn:aws:ecr:??-west-1:*:repository/*p",
];
const ASKED_RESOURCES: &[&str] = &[
    "arn:aws:ecr:eu-west-1:111122223333:repository/team/app",
    "arn:aws:ecr:eu-west-1:111122223333:repository/team/dev/x",
    "arn:aws:ecr:us-east-1:999988887777:repository/a*b",
    "arn:aws:ecr:us-east-1:999988887777:repository/axb",
    "arn:aws:s3:::bucket/key:x",
    "*",
];
const PRINCIPALS: &[&str] = &[
    "*",
    "111122223333",
    "999988887777",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/dev",
    "arn:aws:iam::999988887777:user/ops",
    "arn:aws:iam::111122223333:role/ci",
    "arn:aws:sts::111122223333:assumed-role/ci/build",
];
const SERVICES: &[&str] = &["lambda.amazonaws.com", "replication.ecr.amazonaws.com"];
/// (account, ARN, role, service)
type Who = (&'static str, &'static str, Option<&'static str>, Option<&'static str>);
const ASKING: &[Who] = &[
    ("111122223333", "arn:aws:iam::111122223333:user/dev", None, None),
    ("111122223333", "arn:aws:iam::111122223333:root", None, None),
    (
        "111122223333",
        "arn:aws:sts::111122223333:assumed-role/ci/build",
        Some("arn:aws:iam::111122223333:role/ci"),
        None,
    ),
    ("999988887777", "arn:aws:iam::999988887777:user/ops", None, None),
    ("999988887777", "arn:aws:iam::999988887777:role/lambda", None, Some("lambda.amazonaws.com")),
];
/// A kind of value: operators for it, values in policies, values in requests.
struct Values {
    operators: &'static [&'static str],
    wanted: &'static [&'static str],
    found: &'static [&'static str],
}
const TEXTS: Values = Values {
    operators: &[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ],
    wanted: &[
        "dev",
        "Dev",
        "a*",
        "?",
        "team",
        "d?v",
        "*e*",
        "${aws:username}",
        "${aws:PrincipalTag/team}",
        "${aws:username, 'team'}",
        "x${*}",
        "${?}",
        "",
    ],
    found: &["dev", "Dev", "team", "ab", "a*", "x*", "?", ""],
};
const NUMBERS: Values = Values {
    operators: &[
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    wanted: &["10", "-2.5", "1e1", "0", "100"],
    found: &["10", "9.99", "-2.5", "1e2", "many", ""],
};
const DATES: Values = Values {
    operators: &[
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    wanted: &["2026-03-01T12:30:00Z", "1772368200", "2026-03-01", "2024-02-29T23:59:59Z"],
    found: &["2026-03-01T12:30:00Z", "1772368200", "2026-02-28", "2024-02-29T23:59:59Z", "soon"],
};
const TRUTHS: Values = Values {
    operators: &["Bool"],
    wanted: &["true", "false", "True"],
    found: &["true", "false", "TRUE", ""],
};
const ADDRESSES: Values = Values {
    operators: &["IpAddress", "NotIpAddress"],
    wanted: &["203.0.113.0/24", "203.0.113.7", "10.0.0.0/9", "2001:db8::/33", "0.0.0.0/0", "::1"],
    found: &["203.0.113.7", "10.128.0.1", "10.1.2.3", "2001:db8::5", "2001:db8:8000::", "nowhere"],
};
const ARNS: Values = Values {
    operators: &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    wanted: &[
        "arn:aws:iam::111122223333:user/dev",
        "arn:aws:iam::*:user/*",
        "arn:aws:*::111122223333:*",
        "arn:aws:iam::1111*:role/c?",
        "arn:*:iam:*:*:*/${aws:username}",
    ],
    found: &[
        "arn:aws:iam::111122223333:user/dev",
        "arn:aws:iam::111122223333:role/ci",
        "arn:aws:iam::999988887777:user/a:b",
        "arn:aws:iam",
        "dev",
    ],
};
const BYTES: Values = Values {
    operators: &["BinaryEquals"],
    wanted: &["ZGV2", "dGVhbQ==", "YQ=="],
    found: &["dev", "team", "a", "ZGV2"],
};
/// Condition keys as policies write them and requests have them, with their values.
const KEYS: &[(&str, &str, &Values)] = &[
    ("aws:username", "aws:username", &TEXTS),
    ("aws:PrincipalTag/Team", "aws:principaltag/team", &TEXTS),
    ("aws:TagKeys", "aws:tagkeys", &TEXTS),
    ("s3:max-keys", "s3:max-keys", &NUMBERS),
    ("AWS:CurrentTime", "aws:currenttime", &DATES),
    ("aws:SecureTransport", "aws:securetransport", &TRUTHS),
    ("aws:SourceIp", "aws:sourceip", &ADDRESSES),
    ("aws:PrincipalArn", "aws:principalarn", &ARNS),
    ("x:Bytes", "x:bytes", &BYTES),
];

/// Where the random numbers come from (xorshift64*).
pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % end
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    /// One of the texts, or a list of up to three.
    fn some(&mut self, from: &[&str]) -> Value {
        match self.below(4) {
            0 | 1 => self.pick(from).into(),
            more => (1..=more).map(|_| Value::from(self.pick(from))).collect(),
        }
    }

    pub fn identity_policy(&mut self) -> Value {
        self.policy(false)
    }

    pub fn resource_policy(&mut self) -> Value {
        self.policy(true)
    }

    fn policy(&mut self, names_principals: bool) -> Value {
        let mut statements: Vec<Value> =
            (0..1 + self.below(3)).map(|_| self.statement(names_principals)).collect();
        let statements = match statements.len() {
            1 if self.one_in(2) => statements.remove(0),
            _ => statements.into(),
        };
        match self.below(8) {
            0 => json!({ "Statement": statements }),
            1 => json!({ "Version": "2008-10-17", "Statement": statements }),
            _ => json!({ "Version": "2012-10-17", "Statement": statements }),
        }
    }

    fn statement(&mut self, names_principals: bool) -> Value {
        let mut members = Map::new();
        let effect = if self.one_in(3) { "Deny" } else { "Allow" };
        members.insert("Effect".into(), effect.into());
        let member = if self.one_in(6) { "NotAction" } else { "Action" };
        members.insert(member.into(), self.some(ACTIONS));
        if !names_principals || !self.one_in(2) {
            let member = if self.one_in(6) { "NotResource" } else { "Resource" };
            members.insert(member.into(), self.some(RESOURCES));
        }
        if names_principals {
            let member = if self.one_in(5) { "NotPrincipal" } else { "Principal" };
            members.insert(member.into(), self.principal());
        }
        if self.one_in(2) {
            members.insert("Condition".into(), self.condition());
        }
        members.into()
    }

    fn principal(&mut self) -> Value {
        match self.below(6) {
            0 => "*".into(),
            1 => json!({ "Service": self.some(SERVICES) }),
            2 => json!({ "AWS": self.some(PRINCIPALS), "Service": self.some(SERVICES) }),
            _ => json!({ "AWS": self.some(PRINCIPALS) }),
        }
    }

    fn condition(&mut self) -> Value {
        let mut operators = Map::new();
        for _ in 0..1 + self.below(2) {
            let (key, _, values) = self.pick(KEYS);
            if self.one_in(8) {
                let wanted = self.some(&["true", "false"]);
                operators.insert("Null".into(), json!({ (key): wanted }));
                continue;
            }
            let set = self.pick(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
            let exists = self.pick(&["", "", "IfExists"]);
            let operator = format!("{set}{}{exists}", self.pick(values.operators));
            let wanted = self.some(values.wanted);
            operators.insert(operator, json!({ (key): wanted }));
        }
        operators.into()
    }

    pub fn asked(&mut self) -> Asked {
        let mut keys = BTreeMap::new();
        for (_, key, values) in KEYS {
            let found = match self.below(8) {
                0 | 1 => continue,
                2 if *key == "aws:tagkeys" => Vec::new(),
                2 | 3 => (0..2 + self.below(2)).map(|_| self.pick(values.found)).collect(),
                _ => vec![self.pick(values.found)],
            };
            keys.insert(*key, found);
        }
        let (account, principal, role, service) = self.pick(ASKING);
        Asked {
            action: self.pick(ASKED_ACTIONS),
            resource: self.pick(ASKED_RESOURCES),
            account,
            principal,
            role,
            service,
            keys,
        }
    }
}
