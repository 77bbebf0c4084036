//! Guardrails of accounts: policies of the form and the meaning of an organization's service control
//! policies. Whoever owns the installation sets them; they bind the root of an account as well.

use wharfinger_auth::organizations_actions::{AttachPolicy, DetachPolicy, ListPoliciesForTarget};
use wharfinger_auth::{Permit, Resource};
use wharfinger_core::limits::{GUARDRAIL_NAME_CHARS_MAX, GUARDRAILS_PER_ACCOUNT_MAX};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};
use wharfinger_metadata::{account, account_guardrail};

use crate::{Error, Iam};

/// A guardrail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// Its name, unique in the account.
    pub name: String,
    /// Its policy, as it was given.
    pub document: String,
}

impl Iam {
    /// Sets a guardrail for the account of the permit, over an older one of the same name.
    ///
    /// # Errors
    /// [`Error::MalformedPolicyDocument`], [`Error::Validation`] for a name that is none,
    /// [`Error::LimitExceeded`], and [`Error::NoSuchEntity`] for an account that is not here.
    pub async fn put_guardrail(
        &self,
        permit: &Permit<AttachPolicy>,
        name: &str,
        document: &str,
    ) -> Result<(), Error> {
        check_name(name)?;
        PolicyDocument::parse_as(PolicyKind::Guardrail, document)?;
        let account = *permit.resource().account();
        let (name, document) = (name.to_owned(), document.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if account::find(tx, &account).await?.is_none() {
                        return Err(Error::not_found("account", account.as_str()));
                    }
                    let others = account_guardrail::list(tx, &account).await?;
                    let is_new = others.iter().all(|(other, _)| *other != name);
                    if is_new && others.len() >= GUARDRAILS_PER_ACCOUNT_MAX {
                        let limit = GUARDRAILS_PER_ACCOUNT_MAX as u64;
                        return Err(Error::LimitExceeded { quota: "PoliciesPerAccount", limit });
                    }
                    Ok(account_guardrail::put(tx, &account, &name, &document).await?)
                })
            })
            .await
    }

    /// Takes a guardrail away.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn delete_guardrail(
        &self,
        permit: &Permit<DetachPolicy>,
        name: &str,
    ) -> Result<(), Error> {
        let (account, name) = (*permit.resource().account(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    match account_guardrail::delete(tx, &account, &name).await? {
                        true => Ok(()),
                        false => Err(Error::not_found("guardrail", &name)),
                    }
                })
            })
            .await
    }

    /// The guardrails of an account, in order of name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_guardrails(
        &self,
        permit: &Permit<ListPoliciesForTarget>,
    ) -> Result<Vec<Guardrail>, Error> {
        let account = *permit.resource().account();
        let found: Vec<(String, String)> = self
            .metadata()
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(account_guardrail::list(tx, &account).await?) },
                )
            })
            .await?;
        Ok(found.into_iter().map(|(name, document)| Guardrail { name, document }).collect())
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=GUARDRAIL_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if fits {
        return Ok(());
    }
    let text = format!(
        "The name of a guardrail is 1 to {GUARDRAIL_NAME_CHARS_MAX} characters of letters, digits and \
         _+=,.@-"
    );
    Err(Error::Validation(text))
}
