//! The words in which a request is refused.

use thiserror::Error;

/// A request that identity policies do not allow. `Display` is the message of AWS's
/// `AccessDeniedException`, which `/v2` answers carry as well.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "User: {principal} is not authorized to perform: {action} on resource: {resource} {}",
    self.reason()
)]
pub struct AccessDenied {
    explicit: bool,
    principal: String,
    action: String,
    resource: String,
}

impl AccessDenied {
    pub(crate) fn new(explicit: bool, principal: &str, action: &str, resource: &str) -> Self {
        Self {
            explicit,
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        }
    }

    /// Whether a statement denies the request, rather than none allowing it.
    pub fn is_explicit(&self) -> bool {
        self.explicit
    }

    fn reason(&self) -> String {
        if self.explicit {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            format!("because no identity-based policy allows the {} action", self.action)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Decision;

    const USER: &str = "arn:aws:iam::111122223333:user/dev";
    const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/app";

    #[test]
    fn the_messages_are_those_of_aws() {
        let denied = |decision: Decision| {
            decision.denial(USER, "ecr:PutImage", REPOSITORY).map(|denied| denied.to_string())
        };
        assert_eq!(
            denied(Decision::ImplicitDeny).unwrap(),
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ecr:PutImage \
             on resource: arn:aws:ecr:eu-west-1:111122223333:repository/app because no \
             identity-based policy allows the ecr:PutImage action"
        );
        assert_eq!(
            denied(Decision::ExplicitDeny).unwrap(),
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ecr:PutImage \
             on resource: arn:aws:ecr:eu-west-1:111122223333:repository/app with an explicit deny \
             in an identity-based policy"
        );
        assert_eq!(denied(Decision::Allow), None);
    }
}
