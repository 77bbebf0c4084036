//! Groups, and who is in them.

use wharfinger_metadata::{inline_policy, policy_attachment};

use super::people::permit;
use super::principal_fixture::{Fixture, NOW, fixture, page, page_after, refusal};

async fn create(fixture: &Fixture, name: &str) -> wharfinger_iam::Group {
    fixture.iam.create_group(&permit(fixture.account), name, None).await.unwrap()
}

#[tokio::test]
async fn groups_are_created_found_and_listed() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let ops = iam.create_group(&permit(account), "ops", Some("/team/")).await.unwrap();
    assert!(ops.group_id.starts_with("AGPA") && ops.group_id.len() == 20);
    assert_eq!(ops.arn.as_str(), "arn:aws:iam::111122223333:group/team/ops");
    create(&fixture, "dev").await;
    let again = refusal(iam.create_group(&permit(account), "OPS", None).await);
    assert_eq!(again, ("EntityAlreadyExists", "Group with name OPS already exists.".into()));
    let bad = refusal(iam.create_group(&permit(account), &"x".repeat(129), None).await);
    assert_eq!(bad.0, "ValidationError");
    let (found, users) = iam.get_group(&permit(account), "ops", page(9)).await.unwrap();
    assert_eq!((found, users.items.len()), (ops, 0));
    let first = iam.list_groups(&permit(account), None, page(1)).await.unwrap();
    assert_eq!(first.items[0].group_name, "dev");
    let second = iam.list_groups(&permit(account), None, page_after(&first.marker, 1)).await;
    assert_eq!(second.unwrap().items[0].group_name, "ops");
    let under = iam.list_groups(&permit(account), Some("/team"), page(9)).await.unwrap();
    assert_eq!(under.items.len(), 1);
    let absent = refusal(iam.get_group(&permit(account), "Ops", page(9)).await);
    assert_eq!(absent, ("NoSuchEntity", "The group with name Ops cannot be found.".into()));
}

#[tokio::test]
async fn users_come_and_go() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    create(&fixture, "dev").await;
    for name in ["ann", "ben", "cid"] {
        fixture.user(name).await;
        iam.add_user_to_group(&permit(account), "dev", name).await.unwrap();
    }
    iam.add_user_to_group(&permit(account), "dev", "ann").await.unwrap();
    let (_, first) = iam.get_group(&permit(account), "dev", page(2)).await.unwrap();
    let rest = page_after(&first.marker, 2);
    let (_, second) = iam.get_group(&permit(account), "dev", rest).await.unwrap();
    let mut names: Vec<_> =
        first.items.into_iter().chain(second.items).map(|user| user.user_name).collect();
    names.sort();
    assert_eq!(names, ["ann", "ben", "cid"]);
    let of_ann = iam.list_groups_for_user(&permit(account), "ann", page(9)).await.unwrap();
    assert_eq!(of_ann.items[0].group_name, "dev");
    iam.remove_user_from_group(&permit(account), "dev", "ann").await.unwrap();
    let again = refusal(iam.remove_user_from_group(&permit(account), "dev", "ann").await);
    let text = "The user with name ann cannot be found in group dev.";
    assert_eq!(again, ("NoSuchEntity", text.into()));
    let of_ann = iam.list_groups_for_user(&permit(account), "ann", page(9)).await.unwrap();
    assert!(of_ann.items.is_empty());
    for (group, user) in [("dev", "zoe"), ("ops", "ann")] {
        let absent = refusal(iam.add_user_to_group(&permit(account), group, user).await);
        assert_eq!(absent.0, "NoSuchEntity");
    }
    let absent = refusal(iam.list_groups_for_user(&permit(account), "zoe", page(9)).await);
    assert_eq!(absent.0, "NoSuchEntity");
}

#[tokio::test]
async fn a_user_is_in_ten_groups_at_the_most() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    fixture.user("ann").await;
    for number in 0..11 {
        create(&fixture, &format!("g{number}")).await;
    }
    for number in 0..10 {
        let group = format!("g{number}");
        iam.add_user_to_group(&permit(account), &group, "ann").await.unwrap();
    }
    let over = refusal(iam.add_user_to_group(&permit(account), "g10", "ann").await);
    assert_eq!(over, ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10".into()));
    let first = iam.list_groups_for_user(&permit(account), "ann", page(7)).await.unwrap();
    let rest = page_after(&first.marker, 7);
    let second = iam.list_groups_for_user(&permit(account), "ann", rest).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.marker), (7, 3, None));
}

#[tokio::test]
async fn a_group_goes_once_it_has_nothing() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    let group = create(&fixture, "dev").await;
    fixture.user("ann").await;
    iam.add_user_to_group(&permit(account), "dev", "ann").await.unwrap();
    let delete = || async { iam.delete_group(&permit(account), "dev").await };
    let conflict =
        |what: &str| ("DeleteConflict", format!("Cannot delete entity, must {what} first."));
    assert_eq!(refusal(delete().await), conflict("remove users from group"));
    iam.remove_user_from_group(&permit(account), "dev", "ann").await.unwrap();
    let id = group.group_id.clone();
    fixture
        .write(move |tx| {
            Box::pin(async move {
                inline_policy::put(tx, &id, "p", "{}").await?;
                policy_attachment::attach(tx, &id, "arn", NOW).await
            })
        })
        .await;
    assert_eq!(refusal(delete().await), conflict("detach all policies"));
    let id = group.group_id.clone();
    fixture
        .write(move |tx| Box::pin(async move { policy_attachment::detach_all(tx, &id).await }))
        .await;
    assert_eq!(refusal(delete().await), conflict("delete policies"));
    let id = group.group_id;
    fixture
        .write(move |tx| Box::pin(async move { inline_policy::delete_all(tx, &id).await }))
        .await;
    delete().await.unwrap();
    assert_eq!(refusal(delete().await).0, "NoSuchEntity");
}

#[tokio::test]
async fn a_group_keeps_its_users_under_another_name() {
    let fixture = fixture().await;
    let (account, iam) = (fixture.account, &fixture.iam);
    create(&fixture, "dev").await;
    create(&fixture, "ops").await;
    fixture.user("ann").await;
    iam.add_user_to_group(&permit(account), "dev", "ann").await.unwrap();
    let any = permit(account);
    iam.update_group(&any, &any, "dev", Some("Dev"), Some("/t/")).await.unwrap();
    let (group, users) = iam.get_group(&permit(account), "Dev", page(9)).await.unwrap();
    assert_eq!(group.arn.as_str(), "arn:aws:iam::111122223333:group/t/Dev");
    assert_eq!(users.items[0].user_name, "ann");
    let taken = refusal(iam.update_group(&any, &any, "Dev", Some("OPS"), None).await);
    assert_eq!(taken.0, "EntityAlreadyExists");
    let absent = refusal(iam.update_group(&any, &any, "dev", None, None).await);
    assert_eq!(absent.0, "NoSuchEntity");
}
