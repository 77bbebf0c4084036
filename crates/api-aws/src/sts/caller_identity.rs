//! Who calls: `GetCallerIdentity`.

use wharfinger_auth::Caller;
use wharfinger_aws_model::{XmlSink, XmlStructure};

use super::Outcome;

/// `Arn`, `UserId`, `Account`: in the order in which STS answers them, which is not the model's.
struct CallerIdentity {
    arn: String,
    user_id: String,
    account: String,
}

impl XmlStructure for CallerIdentity {
    fn members(&self, sink: &mut dyn XmlSink) {
        sink.text("Arn", &self.arn);
        sink.text("UserId", &self.user_id);
        sink.text("Account", &self.account);
    }
}

/// STS `GetCallerIdentity`, which needs no permission: who holds a key may know whose it is.
pub(super) fn get_caller_identity(caller: &Caller) -> Outcome {
    let principal = caller.principal();
    Ok(Box::new(CallerIdentity {
        arn: principal.arn().to_string(),
        user_id: principal.unique_id(),
        account: principal.account.to_string(),
    }))
}
