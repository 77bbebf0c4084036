//! What the audit log says of the decision behind a denial.

use crate::AccessDenied;

/// What decided, for `additionalEventData.decidedBy` of the audit log: the statement that denies with
/// the policy it is in, or the clause of the message that says which kind of policy lacks one that
/// allows. None if the message names none.
pub fn decided_by(denied: &AccessDenied) -> Option<String> {
    let statement = denied.explanation().and_then(|explanation| explanation.statements.first());
    if let Some(statement) = statement {
        let sid = statement.sid.as_ref().map(|sid| format!(" ({sid})")).unwrap_or_default();
        return Some(format!("statement {}{sid} of {}", statement.index + 1, statement.policy));
    }
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
    }
}
