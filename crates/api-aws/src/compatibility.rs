//! What of the AWS APIs is implemented, how it is proved, and where answers differ from AWS's: the
//! facts behind `docs/compatibility.md`. A test drives every operation and proves that [`status`]
//! is true.

mod deviation;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wharfinger_aws_model::{ecr, ecr_public, iam, sts};

pub use deviation::{DEVIATIONS, Deviation};
pub use status::{Status, iam_status, public_status, status, sts_status};

/// By service and operation, the clients that drive it in tests which hold every answer against the
/// service model.
pub type Coverage = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// The tables of operations in Markdown, one section for each service.
pub fn operations_markdown(coverage: &Coverage) -> String {
    let ecr = ecr::Operation::ALL.map(|operation| (operation.name(), status(operation)));
    let public = ecr_public::Operation::ALL.map(|it| (it.name(), public_status(it)));
    let sts = sts::Operation::ALL.map(|operation| (operation.name(), sts_status(operation)));
    let iam = iam::Operation::ALL.map(|operation| (operation.name(), iam_status(operation)));
    let mut text = String::new();
    let services = [
        ("ECR", "ecr", &ecr[..]),
        ("ECR Public", "ecr-public", &public[..]),
        ("STS", "sts", &sts[..]),
        ("IAM", "iam", &iam[..]),
    ];
    for (title, service, rows) in services {
        push_table(&mut text, title, rows, coverage.get(service));
    }
    text
}

fn push_table(
    text: &mut String,
    title: &str,
    rows: &[(&str, Status)],
    coverage: Option<&BTreeMap<String, BTreeSet<String>>>,
) {
    let done = rows.iter().filter(|(_, status)| status.is_implemented()).count();
    // Writing to a String cannot fail.
    let _ = write!(text, "## {title}: {done} of {} operations\n\n", rows.len());
    text.push_str("| operation | implemented | acts | driven by |\n|---|---|---|---|\n");
    for (name, status) in rows {
        let (implemented, acts) = match status {
            Status::Acts => ("yes", "yes".to_owned()),
            Status::Stores { without } => ("yes", format!("stores only, without {without}")),
            Status::NotImplemented { area } => ("no", format!("not yet: {area}")),
        };
        let clients = coverage.and_then(|coverage| coverage.get(*name));
        let clients: Vec<&str> = clients.into_iter().flatten().map(String::as_str).collect();
        let clients = clients.join(", ");
        let _ = writeln!(text, "| {name} | {implemented} | {acts} | {clients} |");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_list_every_operation_once() {
        let clients = BTreeSet::from(["boto3".to_owned(), "aws-cli".to_owned()]);
        let ecr = BTreeMap::from([("PutImage".to_owned(), clients)]);
        let text = operations_markdown(&BTreeMap::from([("ecr".to_owned(), ecr)]));
        assert!(text.contains("## ECR: 62 of 62 operations\n\n| operation | implemented | acts |"));
        assert!(text.contains("## ECR Public: 23 of 23 operations\n"));
        assert!(text.contains("## STS: 7 of 11 operations\n"));
        assert!(text.contains("## IAM: 108 of 180 operations\n"));
        assert!(text.contains("| PutImage | yes | yes | aws-cli, boto3 |\n"));
        assert!(text.contains("| StartImageScan | yes | yes |  |\n"));
        assert!(
            text.contains("| PutSigningConfiguration | yes | stores only, without signing |  |\n")
        );
        let public = ecr_public::Operation::ALL;
        for operation in ecr::Operation::ALL {
            let times = 1 + public.iter().filter(|it| it.name() == operation.name()).count();
            assert_eq!(text.matches(&format!("| {operation} |")).count(), times, "{operation}");
        }
        assert_eq!(
            text.lines().filter(|line| line.starts_with("| ")).count(),
            62 + 23 + 11 + 180 + 4
        );
    }
}
