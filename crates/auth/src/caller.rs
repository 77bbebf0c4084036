//! An authenticated caller with the policies that hold for it: the one place that makes permits.

mod explain;
mod keys;

#[cfg(test)]
pub(crate) use keys::insert_session;

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use wharfinger_audit::RenderedIdentity;
use wharfinger_core::{AccountId, Region, RequestContext};
use wharfinger_iam_policy::{ContextKeys, PolicyDocument, Request};

use crate::asked::{Asked, action_of, is_of_identity_alone};
use crate::decision::{Place, Says};
use crate::identity::Identity;
use crate::stored_policies::{PolicyStore, StoredPolicies, StoredRepository};
use crate::{
    AccessDenied, Action, AuthorizeError, Explanation, Permit, Principal, PrincipalKind, Resource,
    ResourcePolicy, actions, public_token,
};

/// What the root of an account may do to the policies of its own registries whatever they say, so
/// that no policy can lock everyone out for good.
const NEVER_DENIED_TO_ROOT: [&str; 6] = [
    actions::DeleteRegistryPolicy::NAME,
    actions::DeleteRepositoryPolicy::NAME,
    actions::GetRegistryPolicy::NAME,
    actions::GetRepositoryPolicy::NAME,
    actions::PutRegistryPolicy::NAME,
    actions::SetRepositoryPolicy::NAME,
];

/// A principal and its identity policies, as they were when the request was authenticated, and the
/// facts of that request.
#[derive(Clone)]
pub struct Caller {
    identity: Arc<Identity>,
    shared: Arc<Shared>,
}

struct Shared {
    context: RequestContext,
    policies: Arc<PolicyStore>,
    /// The region of the signature, where there is one.
    signed_for: Option<Region>,
}

impl Caller {
    pub(crate) fn new(
        identity: Arc<Identity>,
        context: RequestContext,
        policies: Arc<PolicyStore>,
    ) -> Self {
        Self { identity, shared: Arc::new(Shared { context, policies, signed_for: None }) }
    }

    /// The same, whose request is signed for `region`.
    pub(crate) fn signed_for(self, region: &Region) -> Self {
        let Shared { context, policies, .. } = &*self.shared;
        let (context, policies) = (context.clone(), Arc::clone(policies));
        let shared = Shared { context, policies, signed_for: Some(region.clone()) };
        Self { shared: Arc::new(shared), ..self }
    }

    /// Somebody else whose request is the same.
    pub(crate) fn with_identity(&self, identity: Identity) -> Self {
        Self { identity: Arc::new(identity), shared: Arc::clone(&self.shared) }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.identity.principal
    }

    /// What the audit log says of it; of calls that `invoked_by` passed on, if there is one, which
    /// must always be the same.
    pub fn rendered_identity(&self, invoked_by: Option<&'static str>) -> &RenderedIdentity {
        self.identity.rendered(invoked_by)
    }

    /// Decides whether the caller may do `A` to `resource`: its identity policies and what bounds
    /// them, the policy of the repository and that of the registry together (`ecr-semantics`,
    /// "Decision procedure").
    ///
    /// The root of an account may do in it what its guardrails allow and no resource policy denies;
    /// what concerns resource policies themselves none of them denies it. An account that does not
    /// exist is one that lets nobody in. `GetAuthorizationToken` is for the caller's own side alone.
    ///
    /// Somebody without a login may read public registries, and nothing else whatever any policy says.
    ///
    /// What the store says is what it said at one moment after the call, read in one transaction or
    /// kept since it was; it is not asked for `GetAuthorizationToken` and for what the root may
    /// always do.
    ///
    /// # Errors
    /// [`AuthorizeError::Denied`] with the message AWS gives. It is the same whether or not the
    /// resource exists. The other errors are faults of this side.
    pub async fn authorize<A: Action>(
        &self,
        resource: A::Resource,
    ) -> Result<Permit<A>, AuthorizeError> {
        self.authorize_with(resource, ContextKeys::default()).await
    }

    /// The same, with the condition keys that only this call has ([`call_keys`](crate::call_keys)).
    ///
    /// # Errors
    /// As [`Self::authorize`].
    pub async fn authorize_with<A: Action>(
        &self,
        resource: A::Resource,
        keys: ContextKeys,
    ) -> Result<Permit<A>, AuthorizeError> {
        let principal = || Arc::clone(&self.identity.principal);
        if self.principal().kind == PrincipalKind::Anonymous {
            return match resource.registry().is_some_and(public_token::anyone_may::<A>) {
                true => Ok(Permit::granted(principal(), resource, None)),
                false => {
                    let action = action_of::<A>(&resource);
                    Err(AccessDenied::anonymous(&action, &resource.arns()).into())
                }
            };
        }
        let stored = match self.is_never_denied(A::NAME, resource.account()) {
            true => StoredPolicies::default(),
            false => self.stored_policies(&resource, A::NAME).await?,
        };
        self.decide::<A>(&resource, &keys, &stored).await?;
        Ok(Permit::granted(principal(), resource, stored.as_of))
    }

    /// Whether the caller could do `A` to a repository whose policy were `policy`.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn could_under<A: Action>(
        &self,
        resource: &A::Resource,
        policy: &ResourcePolicy,
    ) -> Result<bool, AuthorizeError> {
        let mut stored = self.stored_policies(resource, A::NAME).await?;
        for repository in &mut stored.repositories {
            *repository = Arc::new(repository.under(policy.document().clone()));
        }
        match self.decide::<A>(resource, &ContextKeys::default(), &stored).await {
            Ok(()) => Ok(true),
            Err(AuthorizeError::Denied(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether no policy of a resource may deny the root what it wants.
    fn is_never_denied(&self, action: &str, account: &AccountId) -> bool {
        self.principal().kind == PrincipalKind::Root
            && self.principal().account == *account
            && NEVER_DENIED_TO_ROOT.contains(&action)
    }

    async fn stored_policies(
        &self,
        resource: &impl Resource,
        action: &str,
    ) -> Result<StoredPolicies, AuthorizeError> {
        match resource.registry().filter(|_| !is_of_identity_alone(action)) {
            Some(registry) => {
                self.shared.policies.read(registry, resource.repositories(), action).await
            }
            None => Ok(StoredPolicies::default()),
        }
    }

    /// Asks all policies about each resource that is named.
    ///
    /// The longest policies take milliseconds each to match the longest values, and a request names
    /// a hundred repositories: between them others have their turn.
    async fn decide<A: Action>(
        &self,
        resource: &A::Resource,
        keys: &ContextKeys,
        stored: &StoredPolicies,
    ) -> Result<(), AuthorizeError> {
        let action = action_of::<A>(resource);
        let nothing = Arc::default();
        let mut repositories = stored.repositories.iter();
        for (position, arn) in resource.arns().into_iter().enumerate() {
            if position > 0 {
                give_way().await;
            }
            let repository: &Arc<StoredRepository> = repositories.next().unwrap_or(&nothing);
            let asked = Asked {
                action: &action,
                arn: &arn,
                account: resource.account(),
                registry: resource.registry(),
                place: self.place(A::NAME, resource.account()),
                policies: [repository.policy.as_ref(), stored.registry.as_deref()],
                tags: &repository.tags,
            };
            self.must_allow(&asked, keys)?;
        }
        Ok(())
    }

    /// Where what is in `account` is, for the caller.
    fn place(&self, action: &str, account: &AccountId) -> Place {
        match self.principal().account == *account || is_of_identity_alone(action) {
            true => Place::SameAccount,
            false => Place::OtherAccount,
        }
    }

    /// Asks all policies about one resource.
    pub(crate) fn must_allow(
        &self,
        asked: &Asked<'_>,
        keys: &ContextKeys,
    ) -> Result<(), AuthorizeError> {
        let made;
        let keys = match self.asks_for_keys(asked.policies) {
            true => {
                made = self.keys(keys, asked);
                &made
            }
            false => keys,
        };
        let request = self.request(asked, keys);
        let says = self.says(asked, &request)?;
        match says.denial() {
            None => Ok(()),
            Some(_) => Err(AccessDenied::new(self.explained(asked, &request, &says)).into()),
        }
    }

    fn request<'a>(&'a self, asked: &Asked<'a>, keys: &'a ContextKeys) -> Request<'a> {
        let principal = &self.identity.facts;
        Request { action: asked.action, resource: asked.arn, principal, keys }
    }

    /// What all policies say, unless one cannot be read.
    fn says(&self, asked: &Asked<'_>, request: &Request<'_>) -> Result<Says, AuthorizeError> {
        let held = &self.identity.policies;
        if let Some(source) = &held.unreadable {
            return Err(AuthorizeError::PolicyUnreadable(source.to_string()));
        }
        let is_root = self.principal().kind == PrincipalKind::Root
            || matches!(self.principal().kind, PrincipalKind::FederatedUser { user_id: None, .. });
        Ok(Says::of(held, is_root, request, asked.policies, asked.place))
    }

    fn explained(&self, asked: &Asked<'_>, request: &Request<'_>, says: &Says) -> Explanation {
        let [own, registry] = asked.sources(says.resource_kind());
        let [first, second] = asked.policies;
        let resource = [first.zip(Some(own)), second.zip(Some(registry))];
        Explanation::new(&self.identity.policies, says, request, resource)
    }

    /// Whether any policy that is asked looks at the condition keys of the request.
    fn asks_for_keys(&self, resource: [Option<&PolicyDocument>; 2]) -> bool {
        self.identity.policies.ask_for_keys()
            || resource.into_iter().flatten().any(PolicyDocument::asks_for_keys)
    }
}

/// Lets the other tasks of this thread go on.
async fn give_way() {
    let mut has_waited = false;
    poll_fn(|context| {
        if mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("principal", self.principal()).finish_non_exhaustive()
    }
}
