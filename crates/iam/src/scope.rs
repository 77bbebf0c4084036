//! What a permit reaches.
//!
//! A permit is of an ARN, and an ARN has the path of what it names. Between the look-up of a path and
//! the transaction that goes by it, things are renamed and made anew; so each transaction holds what
//! it finds against its permit, and what the permit does not reach is not there.

use wharfinger_auth::{IamResource, Resource};
use wharfinger_core::Arn;

use crate::Error;

/// Whether a permit of `resource` reaches what has this ARN: it names it, or the account as a whole.
pub(crate) fn covers(resource: &IamResource, arn: &Arn) -> bool {
    resource.account().as_str() == arn.account()
        && (is_account_wide(resource) || resource.arn() == arn.as_str())
}

/// Whether a permit is of the account as a whole.
pub(crate) fn is_account_wide(resource: &IamResource) -> bool {
    resource.arn() == "*"
}

/// Refuses a permit that is not of the whole account, for what shows or changes anything in it: a
/// fault of the caller.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn require_account_wide(resource: &IamResource) -> Result<(), Error> {
    match is_account_wide(resource) {
        true => Ok(()),
        false => Err(Error::Internal(format!("a permit of {} for its account", resource.arn()))),
    }
}

/// Refuses a permit that is of something else than what is done with it: a fault of the caller.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn require(resource: &IamResource, arn: &Arn) -> Result<(), Error> {
    match covers(resource, arn) {
        true => Ok(()),
        false => Err(Error::Internal(format!("a permit of {} for {arn}", resource.arn()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_reaches_what_it_names() {
        let account = "111122223333".parse().unwrap();
        let (ci, ops) = (Arn::role(&account, "/", "ci"), Arn::role(&account, "/", "ops"));
        let resource = IamResource::new(account, &ci);
        assert!(covers(&resource, &ci) && !covers(&resource, &ops));
        assert!(!covers(&resource, &Arn::role(&account, "/team/", "ci")));
        assert!(require(&resource, &ops).is_err());
        assert!(require_account_wide(&resource).is_err());
        let whole = IamResource::account_wide(account);
        assert!(covers(&whole, &ops) && require_account_wide(&whole).is_ok());
        let foreign = Arn::role(&"999988887777".parse().unwrap(), "/", "ci");
        assert!(!covers(&IamResource::account_wide(account), &foreign));
    }
}
