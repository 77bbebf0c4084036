//! Registries whose scans are counted anew: it goes on where it was, unless it is asked for once more.

use super::{open, repository_row, with_repository, write};
use crate::findings_recount::{self, FindingsRecountRow};
use crate::{MetadataError, Tx};

/// Every statement once.
pub(super) async fn run(tx: &mut Tx) -> Result<(), MetadataError> {
    let registry = repository_row("app").registry;
    assert_eq!(findings_recount::find(tx, &registry).await?, None);
    findings_recount::begin(tx, &registry, 7).await?;
    let mut row =
        FindingsRecountRow { ask_id: 7, repository: String::new(), digest: String::new() };
    assert_eq!(findings_recount::find(tx, &registry).await?.as_ref(), Some(&row));
    (row.repository, row.digest) = ("app".into(), "sha256:1".into());
    assert!(findings_recount::advance(tx, &registry, &row).await?);
    assert_eq!(findings_recount::find(tx, &registry).await?.as_ref(), Some(&row));
    // Whoever asks once more has it begin again; who is at it still hears of that.
    findings_recount::begin(tx, &registry, 8).await?;
    assert!(!findings_recount::advance(tx, &registry, &row).await?);
    findings_recount::end(tx, &registry, 7).await?;
    let begun = findings_recount::find(tx, &registry).await?.unwrap();
    assert_eq!((begun.ask_id, begun.repository.as_str(), begun.digest.as_str()), (8, "", ""));
    findings_recount::end(tx, &registry, 8).await?;
    assert_eq!(findings_recount::find(tx, &registry).await?, None);
    Ok(())
}

#[tokio::test]
async fn it_goes_on_where_it_was_unless_it_is_asked_for_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    with_repository(&metadata).await;
    let done: Result<(), MetadataError> =
        write(&metadata, |tx| Box::pin(async move { run(tx).await })).await;
    done.unwrap();
}
