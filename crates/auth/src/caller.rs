//! An authenticated caller with the policies that hold for it: the one place that makes permits.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use wharfinger_core::RequestContext;
use wharfinger_iam_policy::{
    AccessDenied as Refusal, ContextKeys, Decision, DenialReason, PolicyDocument, Request,
    evaluate, evaluate_resource_policy,
};

use crate::decision::Says;
use crate::identity::Identity;
use crate::stored_policies::{PolicyStore, StoredPolicies, StoredRepository};
use crate::{
    AccessDenied, Action, AuthorizeError, Permit, Principal, PrincipalKind, Resource,
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
/// Where services without regions are called, and ECR Public.
const GLOBAL_REGION: &str = "us-east-1";

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
}

impl Caller {
    pub(crate) fn new(
        identity: Arc<Identity>,
        context: RequestContext,
        policies: Arc<PolicyStore>,
    ) -> Self {
        Self { identity, shared: Arc::new(Shared { context, policies }) }
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.identity.principal
    }

    /// Decides whether the caller may do `A` to `resource`: its identity policies, the policy of the
    /// repository and that of the registry together (`ecr-semantics`, "Decision procedure").
    ///
    /// The root of an account may do in it what no resource policy denies; what concerns those
    /// policies themselves it may always do. An account that does not exist is one that lets nobody
    /// in. `GetAuthorizationToken` is for identity policies alone.
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
        let mut as_of = None;
        if !self.is_never_denied::<A>(&resource) {
            let stored = match is_of_identity_alone::<A>() {
                true => StoredPolicies::default(),
                false => self.stored_policies(&resource, A::NAME).await?,
            };
            self.decide::<A>(&resource, &keys, &stored).await?;
            as_of = stored.as_of;
        }
        Ok(Permit::granted(principal(), resource, as_of))
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

    fn is_never_denied<A: Action>(&self, resource: &A::Resource) -> bool {
        self.principal().kind == PrincipalKind::Root
            && self.principal().account == *resource.account()
            && NEVER_DENIED_TO_ROOT.contains(&A::NAME)
    }

    async fn stored_policies(
        &self,
        resource: &impl Resource,
        action: &'static str,
    ) -> Result<StoredPolicies, AuthorizeError> {
        match resource.registry() {
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
            let resource_policies = [repository.policy.as_ref(), stored.registry.as_deref()];
            let keys = match self.asks_for_keys(resource_policies) {
                true => &self.keys(keys.clone(), resource, repository),
                false => keys,
            };
            let principal = &self.identity.facts;
            let request = Request { action: &action, resource: &arn, principal, keys };
            let asked = |policy: &PolicyDocument| evaluate_resource_policy(policy, &request);
            let says = Says {
                identity: self.identity(&request)?,
                resource: resource_policies.map(|policy| policy.map(asked)),
                same_account: *resource.account() == self.principal().account
                    || is_of_identity_alone::<A>(),
            };
            if let Some(reason) = says.denial() {
                return Err(self.denied(&action, &arn, reason).into());
            }
        }
        Ok(())
    }

    /// What the caller's own side says. The root has all of its account to give.
    fn identity(&self, request: &Request<'_>) -> Result<Decision, AuthorizeError> {
        let policies = &self.identity.policies;
        if let Some(source) = &policies.unreadable {
            return Err(AuthorizeError::PolicyUnreadable(source.to_string()));
        }
        Ok(match self.principal().kind {
            PrincipalKind::Root => Decision::Allow,
            _ => evaluate(policies.identity.iter().map(|held| &*held.document), request),
        })
    }

    /// Whether any policy that is asked looks at the condition keys of the request.
    fn asks_for_keys(&self, resource: [Option<&PolicyDocument>; 2]) -> bool {
        let own = self.identity.policies.iter().map(|held| &*held.document);
        own.chain(resource.into_iter().flatten()).any(PolicyDocument::asks_for_keys)
    }

    fn denied(&self, action: &str, arn: &str, reason: DenialReason) -> AccessDenied {
        let refusal = Refusal::new(reason, &self.identity.facts.arn, action, arn);
        AccessDenied { message: refusal.to_string() }
    }

    /// The condition keys of a request about one resource (IAM user guide, "AWS global condition
    /// context keys"), on top of those that only this call has.
    fn keys(
        &self,
        mut keys: ContextKeys,
        resource: &impl Resource,
        repository: &StoredRepository,
    ) -> ContextKeys {
        let RequestContext { received_at, secure_transport, source_ip, user_agent, .. } =
            &self.shared.context;
        keys.insert("aws:CurrentTime", received_at.iso8601());
        keys.insert("aws:EpochTime", received_at.seconds().to_string());
        keys.insert("aws:SecureTransport", secure_transport.to_string());
        keys.insert("aws:SourceIp", source_ip.to_string());
        if let Some(user_agent) = user_agent {
            keys.insert("aws:UserAgent", user_agent.as_str());
        }
        let principal = self.principal();
        keys.insert("aws:PrincipalAccount", principal.account.as_str());
        keys.insert("aws:PrincipalArn", self.identity.facts.arn.as_str());
        keys.insert("aws:PrincipalType", principal.kind.type_name());
        keys.insert("aws:userid", principal.unique_id());
        // Every request of AWS has these two, so policies ask for them without `IfExists`; a
        // denial that finds none would deny nothing. No service calls here for somebody else.
        keys.insert("aws:PrincipalIsAWSService", "false");
        keys.insert("aws:ViaAWSService", "false");
        if let PrincipalKind::User { user_name, .. } = &principal.kind {
            keys.insert("aws:username", user_name.as_str());
        }
        let private = resource.registry().filter(|registry| !registry.is_public());
        let region = private.map_or(GLOBAL_REGION, |registry| registry.region.as_str());
        keys.insert("aws:RequestedRegion", region);
        keys.insert("aws:ResourceAccount", resource.account().as_str());
        for (key, value) in &repository.tags {
            keys.insert(&format!("aws:ResourceTag/{key}"), value.as_str());
            if let Some(registry) = resource.registry() {
                keys.insert(&format!("{}:ResourceTag/{key}", registry.service()), value.as_str());
            }
        }
        keys
    }
}

/// The name of an action as policies have it.
fn action_of<A: Action>(resource: &A::Resource) -> Cow<'static, str> {
    match resource.registry().filter(|registry| registry.is_public() && A::SERVICE.is_none()) {
        Some(registry) => format!("{}:{}", registry.service(), A::NAME).into(),
        None => A::ECR_NAME.into(),
    }
}

/// A token says who its bearer is and lets it do nothing, so no account is asked but its own.
fn is_of_identity_alone<A: Action>() -> bool {
    [actions::GetAuthorizationToken::NAME, actions::GetServiceBearerToken::NAME].contains(&A::NAME)
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
