//! `GetAccountAuthorizationDetails`: everyone in an account with the policies they have, and its
//! managed policies, page by page.

use wharfinger_auth::iam_actions::GetAccountAuthorizationDetails;
use wharfinger_auth::{Permit, Resource};
use wharfinger_core::limits::AUTHORIZATION_DETAILS_BYTES_MAX;
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_iam_policy::managed;
use wharfinger_metadata::{
    Tx, account_detail, credential_use, group, iam_tag, inline_policy, managed_policy,
    policy_attachment, role, user,
};

use crate::{Error, Group, Iam, Page, PageRequest, User};

/// The kinds of what has details, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetailKind {
    /// Users.
    User,
    /// Groups.
    Group,
    /// Roles.
    Role,
    /// Managed policies of the account.
    LocalPolicy,
    /// Managed policies of AWS that the account uses.
    AwsPolicy,
}

/// All kinds, in order.
const KINDS: [DetailKind; 5] = [
    DetailKind::User,
    DetailKind::Group,
    DetailKind::Role,
    DetailKind::LocalPolicy,
    DetailKind::AwsPolicy,
];

/// The policies of a user, a group or a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldPolicies {
    /// Those that are part of it: (name, text).
    pub inline: Vec<(String, String)>,
    /// Those that are attached to it: (name, ARN).
    pub attached: Vec<(String, String)>,
}

/// A role with what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDetail {
    /// `AROA…`.
    pub role_id: String,
    /// Its name.
    pub role_name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was created.
    pub created_at: Timestamp,
    /// Who may assume it: a policy, as it was given.
    pub trust_policy: String,
    /// The policy that bounds it, by ARN.
    pub boundary_arn: Option<String>,
    /// Its tags, (key, value).
    pub tags: Vec<(String, String)>,
    /// Its policies.
    pub policies: HeldPolicies,
    /// When and in which region it was used last.
    pub last_used: Option<(Timestamp, String)>,
    /// The instance profiles that it is in.
    pub instance_profiles: Vec<ProfileDetail>,
}

/// An instance profile of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileDetail {
    /// `AIPA…`.
    pub profile_id: String,
    /// Its name.
    pub profile_name: String,
    /// Its path.
    pub path: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A managed policy with its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDetail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub policy_name: String,
    /// Of the account's own: id, path, description and times.
    pub own: Option<OwnPolicy>,
    /// The number of the version that holds.
    pub default_version: u64,
    /// To how many users, groups and roles of the account it is attached.
    pub attachments: u64,
    /// How many users and roles of the account it bounds.
    pub bounded: u64,
    /// Its versions, (number, text, when it was made), the newest first.
    pub versions: Vec<(u64, String, Option<Timestamp>)>,
}

/// What is known of a policy of an account beside its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPolicy {
    /// `ANPA…`.
    pub policy_id: String,
    /// Its path.
    pub path: String,
    /// What it is for; may be empty.
    pub description: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its default version changed.
    pub updated_at: Timestamp,
}

/// One of what there is in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A user, its policies, and the names of the groups it is in.
    User(User, HeldPolicies, Vec<String>),
    /// A group and its policies.
    Group(Group, HeldPolicies),
    /// A role.
    Role(RoleDetail),
    /// A managed policy.
    Policy(PolicyDetail),
}

/// Where something stands in the order of the list: its kind, its name, and the ARN of a policy.
struct Place {
    kind: DetailKind,
    name: String,
    arn: String,
}

impl Iam {
    /// IAM `GetAccountAuthorizationDetails`: of the kinds that are asked for, or of all. A page ends
    /// early when its policies take up much room, as IAM's may.
    ///
    /// # Errors
    /// [`Error::Validation`] for a marker that is none.
    pub async fn get_account_authorization_details(
        &self,
        permit: &Permit<GetAccountAuthorizationDetails>,
        kinds: &[DetailKind],
        page: PageRequest,
    ) -> Result<Page<Detail>, Error> {
        let account = *permit.resource().account();
        let mut kinds: Vec<_> =
            KINDS.into_iter().filter(|it| kinds.is_empty() || kinds.contains(it)).collect();
        let mut after = String::new();
        if let Some((kind, name)) = position(&page.after)? {
            kinds.retain(|it| *it >= kind);
            if kinds.first() == Some(&kind) {
                name.clone_into(&mut after);
            }
        }
        self.metadata()
            .read(move |tx| Box::pin(async move { read(tx, &account, &kinds, after, &page).await }))
            .await
    }
}

/// What a marker says: the number of the kind, and the name.
fn position(marker: &str) -> Result<Option<(DetailKind, &str)>, Error> {
    if marker.is_empty() {
        return Ok(None);
    }
    let parsed = marker
        .split_once(':')
        .and_then(|(number, name)| Some((*KINDS.get(number.parse::<usize>().ok()?)?, name)));
    parsed.map(Some).ok_or_else(|| Error::Validation("Invalid Marker.".into()))
}

async fn read(
    tx: &mut Tx,
    account: &AccountId,
    kinds: &[DetailKind],
    mut after: String,
    page: &PageRequest,
) -> Result<Page<Detail>, Error> {
    let mut places = Vec::new();
    for kind in kinds {
        let room = (page.max_items + 1).saturating_sub(u32::try_from(places.len()).unwrap_or(0));
        places.extend(places_of(tx, account, *kind, &after, room).await?);
        after.clear();
    }
    let Page { items: places, mut marker } = page.page(places, Place::marker);
    let (mut items, mut bytes) = (Vec::with_capacity(places.len()), 0);
    let mut places = places.into_iter().peekable();
    while let Some(place) = places.next() {
        let Some(detail) = detail(tx, account, &place).await? else { continue };
        bytes += detail.bytes();
        items.push(detail);
        if bytes > AUTHORIZATION_DETAILS_BYTES_MAX && places.peek().is_some() {
            marker = Some(place.marker());
            break;
        }
    }
    Ok(Page { items, marker })
}

/// The next places of a kind.
async fn places_of(
    tx: &mut Tx,
    account: &AccountId,
    kind: DetailKind,
    after: &str,
    room: u32,
) -> Result<Vec<Place>, Error> {
    let named = |name: String| Place { kind, name, arn: String::new() };
    Ok(match kind {
        DetailKind::User => {
            let rows = user::list_under(tx, account, "", after, room).await?;
            rows.into_iter().map(|row| named(row.user_name)).collect()
        }
        DetailKind::Group => {
            let rows = group::list_under(tx, account, "", after, room).await?;
            rows.into_iter().map(|row| named(row.group_name)).collect()
        }
        DetailKind::Role => {
            let names = account_detail::role_names(tx, account, after, room).await?;
            names.into_iter().map(named).collect()
        }
        DetailKind::LocalPolicy => {
            let policies = account_detail::policy_arns(tx, account, after, room).await?;
            policies.into_iter().map(|(name, arn)| Place { kind, name, arn }).collect()
        }
        DetailKind::AwsPolicy => {
            let mut used = Vec::new();
            for policy in managed::ALL.iter().filter(|policy| policy.name > after) {
                let attached = account_detail::attachments(tx, account, policy.arn).await?;
                if attached > 0 || account_detail::bounded(tx, account, policy.arn).await? > 0 {
                    used.push(Place { kind, name: policy.name.into(), arn: policy.arn.into() });
                }
            }
            used.sort_by(|one, other| one.name.cmp(&other.name));
            used.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            used
        }
    })
}

async fn detail(tx: &mut Tx, account: &AccountId, place: &Place) -> Result<Option<Detail>, Error> {
    Ok(match place.kind {
        DetailKind::User => match user::find(tx, account, &place.name).await? {
            Some(row) => {
                let groups = group::of_user(tx, &row.user_id).await?;
                let groups = groups.into_iter().map(|group| group.group_name).collect();
                let policies = held(tx, &row.user_id).await?;
                let tags = iam_tag::list(tx, &row.user_id).await?;
                Some(Detail::User(User::of(row, tags), policies, groups))
            }
            None => None,
        },
        DetailKind::Group => match group::find(tx, account, &place.name).await? {
            Some(row) => {
                let policies = held(tx, &row.group_id).await?;
                Some(Detail::Group(Group::of(row), policies))
            }
            None => None,
        },
        DetailKind::Role => role_detail(tx, account, &place.name).await?.map(Detail::Role),
        DetailKind::LocalPolicy | DetailKind::AwsPolicy => {
            policy_detail(tx, account, place).await?.map(Detail::Policy)
        }
    })
}

async fn held(tx: &mut Tx, principal_id: &str) -> Result<HeldPolicies, Error> {
    let inline = inline_policy::list(tx, principal_id).await?;
    let arns = policy_attachment::of_principal(tx, principal_id).await?;
    let named = |arn: String| (arn.rsplit('/').next().unwrap_or_default().to_owned(), arn);
    Ok(HeldPolicies { inline, attached: arns.into_iter().map(named).collect() })
}

async fn role_detail(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
) -> Result<Option<RoleDetail>, Error> {
    let Some(row) = role::find(tx, account, name).await? else { return Ok(None) };
    let used = credential_use::get(tx, &row.role_id).await?;
    let profiles = account_detail::profiles_of_role(tx, &row.role_id).await?;
    let profiles = profiles.into_iter().map(|profile| ProfileDetail {
        arn: Arn::instance_profile(account, &profile.path, &profile.profile_name),
        profile_id: profile.profile_id,
        profile_name: profile.profile_name,
        path: profile.path,
        created_at: profile.created_at,
    });
    Ok(Some(RoleDetail {
        arn: Arn::role(account, &row.path, &row.role_name),
        tags: iam_tag::list(tx, &row.role_id).await?,
        policies: held(tx, &row.role_id).await?,
        last_used: used.map(|used| (used.used_at, used.region)),
        instance_profiles: profiles.collect(),
        role_id: row.role_id,
        role_name: row.role_name,
        path: row.path,
        created_at: row.created_at,
        trust_policy: row.trust_policy,
        boundary_arn: row.boundary_arn,
    }))
}

async fn policy_detail(
    tx: &mut Tx,
    account: &AccountId,
    place: &Place,
) -> Result<Option<PolicyDetail>, Error> {
    let (own, default_version, versions) = match managed::find(&place.arn) {
        Some(policy) => (None, 1, vec![(1, policy.document.to_owned(), None)]),
        None => {
            let Some(row) = managed_policy::find(tx, &place.arn).await? else { return Ok(None) };
            let versions = account_detail::versions(tx, &row.policy_id).await?;
            let versions = versions
                .into_iter()
                .map(|it| (it.version, it.policy_text, Some(it.created_at)))
                .collect();
            let own = OwnPolicy {
                policy_id: row.policy_id,
                path: row.path,
                description: row.description,
                created_at: row.created_at,
                updated_at: row.updated_at,
            };
            (Some(own), row.default_version, versions)
        }
    };
    Ok(Some(PolicyDetail {
        attachments: account_detail::attachments(tx, account, &place.arn).await?,
        bounded: account_detail::bounded(tx, account, &place.arn).await?,
        arn: place.arn.clone(),
        policy_name: place.name.clone(),
        own,
        default_version,
        versions,
    }))
}

impl Place {
    fn marker(&self) -> String {
        let number = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        format!("{number}:{}", self.name)
    }
}

impl Detail {
    /// Bytes of the policies in it.
    fn bytes(&self) -> usize {
        let of_held =
            |held: &HeldPolicies| held.inline.iter().map(|(_, text)| text.len()).sum::<usize>();
        match self {
            Self::User(_, held, _) | Self::Group(_, held) => of_held(held),
            Self::Role(role) => role.trust_policy.len() + of_held(&role.policies),
            Self::Policy(policy) => policy.versions.iter().map(|(_, text, _)| text.len()).sum(),
        }
    }
}
