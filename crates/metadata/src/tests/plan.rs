//! A list costs what it shows: every query there is walks an index, and none sorts.

mod exception;

use wharfinger_core::{AccountId, ObjectId, SeededEntropy, UploadId};

use self::exception::{ALONG_THE_REPOSITORY, ONE_ROW};
use super::{
    digest, image_row, kms_keys, now, open, repository_row, templates, with_repository, write,
};
use crate::access_key::{self, AccessKeyRow};
use crate::blob::{BlobRow, ObjectStore};
use crate::image::{ImagePosition, ImageStatus, TagStatus};
use crate::moving_object::MovingObjectRow;
use crate::orphaned_image::{HolderEvent, OrphanedImageRow};
use crate::upload::UploadRow;
use crate::user::UserRow;
use crate::{
    MetadataError, RepositoryId, Tx, blob, catalog_data, creation_template, image, inline_policy,
    installation, kms_key, lifecycle_policy, lifecycle_preview, moving_object, orphaned_image,
    public_registry, pull_through_cache_rule, pull_time_exclusion, registry_setting, repository,
    repository_policy, resource_tag, tag, upload, usage, user,
};

#[tokio::test]
async fn every_statement_walks_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    let plans = write(&metadata, move |tx| {
        Box::pin(async move {
            run_repositories(tx, id).await?;
            run_policies(tx, id).await?;
            run_images(tx, id).await?;
            run_blobs_and_uploads(tx, id).await?;
            super::garbage::run(tx, id).await?;
            run_public(tx, id).await?;
            super::replication_backfill::run(tx).await?;
            super::scan::run(tx, id).await?;
            super::inventory::run(tx, id).await?;
            super::index_scan::run(tx, id).await?;
            super::findings_recount::run(tx).await?;
            super::advisory_matching::run(tx, id).await?;
            super::job::run(tx).await?;
            super::check::run(tx, id).await?;
            run_users(tx).await?;
            super::iam::run(tx).await?;
            super::principals::run(tx).await?;
            run_templates(tx).await?;
            run_kms_keys(tx).await?;
            run_lifecycle(tx, id).await?;
            super::undo::run(tx, id).await?;
            repository::delete(tx, id, now()).await?;
            while repository::purge(tx, 10).await? {}
            let statements: Vec<&str> = tx.seen.iter().copied().collect();
            statements.into_iter().map(|sql| Ok((sql, plan(tx, sql)?))).collect()
        })
    });
    let plans: Vec<(&str, String)> = plans.await.unwrap();
    assert!(plans.len() > 50, "only {} statements were run", plans.len());
    for (sql, plan) in plans {
        // This one is walked in the order of its only column, up to its limit.
        let walked = plan
            == "SCAN discarded_object USING COVERING INDEX \
                              sqlite_autoindex_discarded_object_1";
        assert!(walked || !plan.contains("SCAN"), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        // An index of which only the repository is used is a scan of all that the repository has.
        let walks_all = plan.lines().any(|step| {
            step.contains("(repository_id=?)")
                && !ONE_ROW.iter().any(|table| {
                    // Whatever the statement calls it.
                    let by_key = format!("sqlite_autoindex_{table}_1 (repository_id=?)");
                    step.starts_with(&format!("SEARCH {table} ")) || step.contains(&by_key)
                })
        });
        let may = ALONG_THE_REPOSITORY.iter().any(|beginning| sql.starts_with(beginning));
        assert!(!walks_all || may, "{sql}\n{plan}");
        // A list of one status passes no image of another, and one of referrers no other image.
        for (condition, along) in
            [("status = ?", "status=?"), ("subject_digest = ?", "subject_digest=?")]
        {
            let images = sql.contains("FROM image") || sql.contains("FROM tag");
            let listed = sql.starts_with("SELECT") && images && sql.contains(condition);
            assert!(!listed || plan.contains(along), "{sql}\n{plan}");
        }
        // Names alone are read off the index, without their rows.
        let names = sql.starts_with("SELECT tag FROM tag ");
        assert!(!names || plan.contains("USING COVERING INDEX"), "{sql}\n{plan}");
    }
}

fn plan(tx: &Tx, sql: &str) -> Result<String, MetadataError> {
    let mut statement = tx.connection().prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
    let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))?;
    Ok(steps.collect::<Result<Vec<String>, _>>()?.join("\n"))
}

async fn run_repositories(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let row = repository_row("app");
    installation::insert(tx, "key", "value").await?;
    installation::get(tx, "key").await?;
    installation::put(tx, "key", "other").await?;
    assert!(matches!(repository::insert(tx, &row).await, Err(MetadataError::Duplicate(_))));
    repository::find(tx, &row.registry, &row.name).await?;
    repository::find_by_id(tx, id).await?;
    repository::list(tx, &row.registry, "", 100).await?;
    repository::count(tx, &row.registry).await?;
    repository::set_tag_mutability(tx, id, "IMMUTABLE", "[]").await?;
    repository::set_scan_on_push(tx, id, true).await?;
    registry_setting::put(tx, &row.registry, "name", "value", now()).await?;
    registry_setting::get(tx, &row.registry, "name").await?;
    registry_setting::delete(tx, &row.registry, "name").await?;
    resource_tag::put(tx, id, "key", "value").await?;
    resource_tag::list(tx, id).await?;
    resource_tag::delete(tx, id, "key").await
}

async fn run_policies(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let row = repository_row("app");
    let registry = &row.registry;
    repository_policy::put(tx, id, "{}", now()).await?;
    let named = repository_policy::find_named(tx, registry, &row.name).await?;
    assert_eq!(named, Some((id, Some("{}".into()))));
    assert_eq!(repository_policy::get(tx, id).await?.as_deref(), Some("{}"));
    assert!(repository_policy::delete(tx, id).await?);
    assert_eq!(
        repository_policy::find_named(tx, registry, &row.name).await?,
        Some((id, None)),
        "a repository without a policy is found all the same"
    );
    pull_time_exclusion::insert(tx, registry, "arn", now()).await?;
    let again = pull_time_exclusion::insert(tx, registry, "arn", now()).await;
    assert!(matches!(again, Err(MetadataError::Duplicate(_))));
    assert!(pull_time_exclusion::contains(tx, registry, "arn").await?);
    assert!(!pull_time_exclusion::contains(tx, registry, "ar").await?);
    assert_eq!(pull_time_exclusion::list(tx, registry, "", 10).await?, ["arn"]);
    assert_eq!(pull_time_exclusion::count(tx, registry).await?, 1);
    assert!(pull_time_exclusion::delete(tx, registry, "arn").await?);
    assert!(!pull_time_exclusion::delete(tx, registry, "arn").await?);
    Ok(())
}

async fn run_images(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let v1 = "v1".parse().unwrap();
    image::insert(tx, id, &image_row(1, 1), b"", &[digest(2)], &[digest(3)]).await?;
    tag::put(tx, id, &v1, &digest(1), now()).await?;
    tag::of_image(tx, id, &digest(1)).await?;
    assert_eq!(tag::names(tx, id, ImageStatus::Active, "", 100).await?.last(), Some("v1"));
    assert_eq!(tag::changes(tx, id).await?, 1);
    for status in [None, Some(ImageStatus::Active)] {
        tag::list(tx, id, status, "", 100).await?;
        for tag_status in [TagStatus::Any, TagStatus::Tagged] {
            image::list(tx, id, tag_status, status, &ImagePosition::default(), 100).await?;
        }
        image::list_pairs(tx, id, status, &ImagePosition::default(), "", 100).await?;
        image::referrers(tx, id, &digest(9), status, "", 100).await?;
    }
    image::sealed_manifest(tx, id, &digest(1)).await?;
    image::find(tx, id, &digest(1)).await?;
    image::parents(tx, id, &digest(1)).await?;
    image::active_parents(tx, id, &digest(1)).await?;
    image::inactive_children(tx, id, &digest(1)).await?;
    image::children(tx, id, &digest(1)).await?;
    image::blobs(tx, id, &digest(1), "", 100).await?;
    image::record_pull(tx, id, &digest(1), now()).await?;
    image::archive(tx, id, &digest(1), now()).await?;
    image::activate(tx, id, &digest(1), now()).await?;
    image::archive(tx, id, &digest(1), now()).await?;
    image::begin_activation(tx, id, &digest(1)).await?;
    blob::find_use(tx, id, &digest(2)).await?;
    run_orphans(tx, id).await?;
    tag::delete(tx, id, &v1).await?;
    image::delete(tx, id, &digest(1)).await?;
    Ok(())
}

async fn run_orphans(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let row = OrphanedImageRow {
        repository: id,
        digest: digest(3),
        event: HolderEvent::Deleted,
        holder: digest(1),
        noted_at: now(),
        due_at: now(),
        position: String::new(),
    };
    orphaned_image::note(tx, &row).await?;
    let (index, event) = (digest(1), HolderEvent::Archived);
    let noted =
        orphaned_image::note_children(tx, id, &index, event, now(), now(), Some(now())).await?;
    assert_eq!(noted, 1);
    assert!(!orphaned_image::was_pushed_again(tx, id, &digest(3), now()).await?);
    assert_eq!(orphaned_image::due(tx, now(), 1).await?, [row]);
    assert_eq!(orphaned_image::next_due(tx).await?, Some(now()));
    orphaned_image::delete(tx, id, &digest(3), HolderEvent::Deleted).await?;
    orphaned_image::forget(tx, id, &digest(3)).await?;
    assert_eq!(orphaned_image::next_due(tx).await?, None);
    repository::find_by_id(tx, id).await?;
    Ok(())
}

async fn run_blobs_and_uploads(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let object_id = ObjectId::random(&SeededEntropy::new(1));
    let row = BlobRow { digest: digest(1), object_id, size_bytes: 1, damaged_at: None };
    blob::insert(tx, "domain", &row, now()).await?;
    blob::link(tx, id, &row.digest, now(), now()).await?;
    blob::find(tx, "domain", &row.digest).await?;
    blob::find_linked(tx, id, "domain", &row.digest).await?;
    blob::unlink(tx, id, &row.digest).await?;
    blob::mark_damaged(tx, &object_id, "domain", &row.digest, now()).await?;
    blob::replace_object(tx, "domain", &row.digest, &object_id).await?;
    blob::insert_inline(tx, &object_id, b"sealed").await?;
    assert_eq!(blob::find_inline(tx, &object_id).await?.as_deref(), Some(&b"sealed"[..]));
    blob::discard_object(tx, &object_id, now()).await?;
    assert_eq!(blob::find_inline(tx, &object_id).await?, None);
    assert_eq!(blob::discarded_objects(tx, "", 100).await?, [], "it has no file");
    blob::discard_object(tx, &object_id, now()).await?;
    assert_eq!(blob::discarded_objects(tx, "", 100).await?, [object_id]);
    blob::discarded_objects(tx, "", 100).await?;
    blob::forget_object(tx, &object_id).await?;
    blob::store_of(tx, &object_id).await?;
    let to = (&object_id, ObjectStore::Archive);
    assert!(blob::move_object(tx, "domain", &row.digest, &object_id, to, now()).await?);
    assert_eq!(blob::store_of(tx, &object_id).await?, Some(ObjectStore::Archive));
    blob::is_used_actively(tx, "domain", &row.digest).await?;
    assert!(blob::is_archive_in_use(tx).await?);
    blob::replace_object(tx, "domain", &row.digest, &object_id).await?;
    assert!(!blob::is_archive_in_use(tx).await?);
    run_moves(tx, object_id).await?;
    run_usage(tx, id).await?;
    let row = UploadRow {
        upload_id: UploadId::random(&SeededEntropy::new(1)),
        repository: id,
        received_bytes: 0,
        part_count: 0,
        last_part_first_byte: None,
        last_part_sha256: None,
        short_part: false,
        object_id: Some(object_id),
        checkpoint: None,
        created_at: now(),
        updated_at: now(),
        begun_by: Some("AKIA".into()),
    };
    upload::insert(tx, &row).await?;
    upload::find(tx, id, &row.upload_id).await?;
    upload::are_there(tx, id, 2).await?;
    upload::advance(tx, &row, 0).await?;
    upload::begun(tx, id, &row.upload_id).await?;
    upload::claim_object(tx, &row.upload_id, &object_id).await?;
    upload::release_object(tx, &row.upload_id, &object_id, 0).await?;
    upload::touch(tx, &row.upload_id, now()).await?;
    upload::idle(tx, now(), 100).await?;
    assert_eq!(upload::end(tx, id, &row.upload_id, 1).await?, None);
    assert_eq!(upload::end(tx, id, &row.upload_id, 0).await?, Some(None));
    assert_eq!(upload::end(tx, id, &row.upload_id, 0).await?, None);
    upload::delete(tx, &row.upload_id).await?;
    Ok(())
}

async fn run_moves(tx: &mut Tx, object_id: ObjectId) -> Result<(), MetadataError> {
    let copy = MovingObjectRow {
        object_id,
        store: ObjectStore::Archive,
        key_domain: "domain".into(),
        digest: digest(1),
        begun_at: now(),
    };
    moving_object::insert(tx, &copy).await?;
    assert!(blob::is_archive_in_use(tx).await?);
    assert!(moving_object::contains(tx, &object_id).await?);
    assert_eq!(moving_object::of_blob(tx, "domain", &digest(1)).await?, [copy]);
    moving_object::begun_before(tx, now(), 100).await?;
    moving_object::discard(tx, &object_id, ObjectStore::Archive, now()).await?;
    assert!(!moving_object::end(tx, &object_id).await?);
    assert_eq!(crate::garbage::discarded_objects(tx, "", 100).await?[0].store, "archive");
    assert!(blob::is_archive_in_use(tx).await?);
    blob::forget_object(tx, &object_id).await
}

async fn run_usage(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    usage::repositories(tx, ("", "", ""), 10).await?;
    usage::images(tx, id, "", 10).await?;
    usage::links(tx, id, "domain", "", 10).await?;
    usage::blobs(tx, ("", ""), 10).await.map(|_| ())
}

async fn run_public(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let account: AccountId = "111122223333".parse().unwrap();
    public_registry::insert(tx, &account, "a1b2c3d4", now()).await?;
    public_registry::alias_of(tx, &account).await?;
    public_registry::account_of(tx, "a1b2c3d4").await?;
    catalog_data::put(tx, id, "{}", now()).await?;
    catalog_data::put_logo(tx, id, Some((&digest(1), b"png"))).await?;
    catalog_data::find(tx, id).await?;
    catalog_data::logo(tx, &digest(1)).await?;
    tag::list_with_times(tx, id, "", 100).await?;
    Ok(())
}

async fn run_users(tx: &mut Tx) -> Result<(), MetadataError> {
    let account: AccountId = "111122223333".parse().unwrap();
    let row = UserRow {
        user_id: "AIDA".into(),
        account,
        user_name: "ci".into(),
        path: "/".into(),
        boundary_arn: None,
        created_at: now(),
    };
    user::insert(tx, &row).await?;
    user::find(tx, &account, "ci").await?;
    user::find_by_id(tx, "AIDA").await?;
    user::list(tx, &account, "", 100).await?;
    inline_policy::put(tx, "AIDA", "policy", "{}").await?;
    inline_policy::list(tx, "AIDA").await?;
    inline_policy::delete(tx, "AIDA", "policy").await?;
    let key = AccessKeyRow {
        access_key_id: "AKIA".into(),
        account,
        user_id: Some("AIDA".into()),
        active: true,
        secret_sealed: vec![1],
        created_at: now(),
    };
    access_key::insert(tx, &key).await?;
    access_key::find(tx, "AKIA").await?;
    access_key::list(tx, &account, "", 100).await?;
    access_key::count(tx, &account, Some("AIDA")).await?;
    access_key::count(tx, &account, None).await?;
    access_key::count_active_root(tx, &account).await?;
    access_key::set_active(tx, "AKIA", false).await?;
    access_key::delete(tx, "AKIA").await?;
    user::delete(tx, &account, "ci").await?;
    Ok(())
}

async fn run_templates(tx: &mut Tx) -> Result<(), MetadataError> {
    let registry = repository_row("app").registry;
    let template = templates::template("team");
    creation_template::insert(tx, &registry, &template).await?;
    creation_template::find(tx, &registry, "team").await?;
    creation_template::list(tx, &registry, "", 100).await?;
    creation_template::list_scenarios(tx, &registry, 100).await?;
    creation_template::count(tx, &registry).await?;
    creation_template::update(tx, &registry, &template).await?;
    creation_template::delete(tx, &registry, "team").await?;
    let rule = templates::rule("quay");
    pull_through_cache_rule::insert(tx, &registry, &rule).await?;
    pull_through_cache_rule::find(tx, &registry, "quay").await?;
    pull_through_cache_rule::list(tx, &registry, "", 100).await?;
    pull_through_cache_rule::count(tx, &registry).await?;
    pull_through_cache_rule::update(tx, &registry, &rule).await?;
    pull_through_cache_rule::delete(tx, &registry, "quay").await
}

async fn run_kms_keys(tx: &mut Tx) -> Result<(), MetadataError> {
    let registry = repository_row("app").registry;
    kms_key::insert(tx, &registry, &kms_keys::key("a")).await?;
    kms_key::find(tx, &registry, "a").await?;
    kms_key::list(tx, &registry, "", 100).await?;
    kms_key::count(tx, &registry).await?;
    kms_key::set_enabled(tx, &registry, "a", false).await?;
    kms_key::insert_alias(tx, &registry, "alias/a", "a", now()).await?;
    kms_key::find_alias(tx, &registry, "alias/a").await?;
    kms_key::aliases(tx, &registry, "a", 100).await?;
    kms_key::delete_alias(tx, &registry, "alias/a").await?;
    Ok(())
}

async fn run_lifecycle(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    lifecycle_policy::put(tx, id, "{}", now()).await?;
    lifecycle_policy::find(tx, id).await?;
    lifecycle_policy::exists(tx, id).await?;
    lifecycle_policy::set_evaluated(tx, id, now()).await?;
    lifecycle_policy::delete(tx, id).await?;
    lifecycle_preview::put(tx, id, &super::lifecycle::preview_row(1)).await?;
    lifecycle_preview::find(tx, id).await?;
    lifecycle_preview::ended(tx, now()).await?;
    let result = super::lifecycle::result_row(0, "");
    lifecycle_preview::insert_results(tx, id, 1, &[result]).await?;
    for tag_status in [TagStatus::Any, TagStatus::Tagged] {
        lifecycle_preview::results(tx, id, 1, tag_status, 0, 100).await?;
    }
    lifecycle_preview::result(tx, id, 1, &digest(0)).await?;
    lifecycle_preview::discard_results(tx, id, Some(2), 100).await?;
    lifecycle_preview::image_facts(tx, id, "", 100).await?;
    lifecycle_preview::facts_of(tx, id, &digest(0)).await?;
    lifecycle_preview::tags(tx, id, &digest(0), &digest(1), 100).await?;
    Ok(())
}
