//! What the audit log says of the decision behind a denial.

use crate::AccessDenied;

/// The policy that decided, for `additionalEventData.decidedBy` of the audit log: the clause of the
/// message that names it. None if the message names none.
pub fn decided_by(denied: &AccessDenied) -> Option<String> {
    let message = denied.to_string();
    message.split_once(" because ").map(|(_, clause)| clause.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clause_that_decides_is_told_apart() {
        let denied = AccessDenied::anonymous("ecr:PutImage", &["arn:x".into()]);
        let clause = "no resource-based policy allows the ecr:PutImage action";
        assert_eq!(decided_by(&denied).as_deref(), Some(clause));
        let bare = AccessDenied { message: "no".into() };
        assert_eq!(decided_by(&bare), None);
    }
}
