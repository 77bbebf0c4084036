//! Everything about who may do what in an account.

use wharfinger_core::AccountId;
use wharfinger_core::limits::AUTHORIZATION_DETAILS_BYTES_MAX;
use wharfinger_iam::{Detail, DetailKind};
use wharfinger_metadata::managed_policy::{self, ManagedPolicyRow};
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{MetadataError, Tx, inline_policy, policy_attachment};

use super::people::permit;
use super::principal_fixture::{Fixture, NOW, fixture, page, page_after, refusal};

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

pub(super) fn role_row(account: AccountId, name: &str) -> RoleRow {
    RoleRow {
        role_id: format!("AROA{name}"),
        account,
        role_name: name.into(),
        path: "/".into(),
        description: String::new(),
        session_seconds_max: 3_600,
        trust_policy: "{\"trust\":1}".into(),
        boundary_arn: Some(ADMINISTRATOR.into()),
        created_at: NOW,
    }
}

/// A managed policy of so many versions, of which the first holds.
pub(super) async fn policy_row(
    tx: &mut Tx,
    account: AccountId,
    name: &str,
    versions: u64,
) -> Result<(), MetadataError> {
    let policy_id = format!("ANPA{name}");
    let row = ManagedPolicyRow {
        policy_id: policy_id.clone(),
        policy_arn: format!("arn:aws:iam::{account}:policy/{name}"),
        account,
        policy_name: name.into(),
        path: "/".into(),
        description: "for pushing".into(),
        default_version: 1,
        last_version: versions,
        created_at: NOW,
        updated_at: NOW,
    };
    managed_policy::insert(tx, &row).await?;
    for version in 1..=versions {
        let text = format!("{{\"v\":{version}}}");
        managed_policy::insert_version(tx, &policy_id, version, &text, NOW).await?;
    }
    Ok(())
}

/// One of each kind: `ann` in `dev`, the role `ci`, the policy `push` and one of AWS's.
async fn furnished() -> Fixture {
    let fixture = fixture().await;
    let account = fixture.account;
    let ann = fixture.user("ann").await;
    let dev = fixture.iam.create_group(&permit(account), "dev", None).await.unwrap();
    fixture.iam.add_user_to_group(&permit(account), "dev", "ann").await.unwrap();
    fixture
        .write(move |tx| {
            Box::pin(async move {
                role::insert(tx, &role_row(account, "ci")).await?;
                policy_row(tx, account, "push", 2).await?;
                inline_policy::put(tx, &ann.user_id, "own", "{\"inline\":1}").await?;
                let push = format!("arn:aws:iam::{account}:policy/push");
                policy_attachment::attach(tx, &dev.group_id, &push, NOW).await?;
                policy_attachment::attach(tx, "AROAci", &push, NOW).await
            })
        })
        .await;
    fixture
}

#[tokio::test]
async fn details_show_everyone_with_what_they_have() {
    let fixture = furnished().await;
    let account = fixture.account;
    let any = permit(account);
    let details = fixture.iam.get_account_authorization_details(&any, &[], page(100));
    let details = details.await.unwrap();
    assert_eq!(details.marker, None);
    let [
        Detail::User(ann, of_ann, groups),
        Detail::Group(dev, of_dev),
        Detail::Role(ci),
        Detail::Policy(push),
        Detail::Policy(administrator),
    ] = &details.items[..]
    else {
        panic!("{details:?}");
    };
    assert_eq!((ann.user_name.as_str(), &groups[..]), ("ann", &["dev".to_owned()][..]));
    assert_eq!(of_ann.inline, [("own".to_owned(), "{\"inline\":1}".to_owned())]);
    let attached = [("push".to_owned(), format!("arn:aws:iam::{account}:policy/push"))];
    assert_eq!((dev.group_name.as_str(), &of_dev.attached[..]), ("dev", &attached[..]));
    assert_eq!((ci.role_name.as_str(), ci.trust_policy.as_str()), ("ci", "{\"trust\":1}"));
    assert_eq!(ci.policies.attached, attached);
    assert_eq!((push.attachments, push.bounded, push.default_version), (2, 0, 1));
    assert_eq!(push.versions[0].1, "{\"v\":2}", "the newest first");
    assert_eq!(push.own.as_ref().unwrap().description, "for pushing");
    assert_eq!((administrator.arn.as_str(), administrator.bounded), (ADMINISTRATOR, 1));
}

#[tokio::test]
async fn details_come_in_pages_across_kinds_and_of_kinds() {
    let fixture = furnished().await;
    let account = fixture.account;
    let (any, mut marker, mut kinds) = (permit(account), None, Vec::new());
    loop {
        let page = page_after(&marker, 2);
        let of = fixture.iam.get_account_authorization_details(&any, &[], page);
        let of = of.await.unwrap();
        assert!(of.items.len() <= 2);
        kinds.extend(of.items.iter().map(|detail| match detail {
            Detail::User(..) => "user",
            Detail::Group(..) => "group",
            Detail::Role(_) => "role",
            Detail::Policy(_) => "policy",
        }));
        marker = of.marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(kinds, ["user", "group", "role", "policy", "policy"]);
    let only = [DetailKind::Role, DetailKind::AwsPolicy];
    let of = fixture.iam.get_account_authorization_details(&any, &only, page(9));
    assert_eq!(of.await.unwrap().items.len(), 2);
    for bad in ["x", "9:x", ":"] {
        let page = page_after(&Some(bad.into()), 9);
        let of = fixture.iam.get_account_authorization_details(&any, &[], page).await;
        assert_eq!(refusal(of).0, "ValidationError", "{bad}");
    }
    let other = "999888777666".parse().unwrap();
    let of = fixture.iam.get_account_authorization_details(&permit(other), &[], page(9)).await;
    assert!(of.unwrap().items.is_empty(), "nothing of one account shows in another");
}

#[tokio::test]
async fn a_page_of_long_policies_ends_early() {
    let fixture = fixture().await;
    let mut ids = Vec::new();
    for name in ["ann", "ben", "cid"] {
        ids.push(fixture.user(name).await.user_id);
    }
    let long = "x".repeat(AUTHORIZATION_DETAILS_BYTES_MAX / 2 + 1);
    fixture
        .write(move |tx| {
            Box::pin(async move {
                for id in &ids {
                    inline_policy::put(tx, id, "p", &long).await?;
                }
                Ok(())
            })
        })
        .await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let first = iam.get_account_authorization_details(&permit(account), &[], page(9)).await;
    let first = first.unwrap();
    assert_eq!(first.items.len(), 2);
    let rest = page_after(&first.marker, 9);
    let second = iam.get_account_authorization_details(&permit(account), &[], rest).await.unwrap();
    assert_eq!((second.items.len(), second.marker), (1, None));
}
