//! `wharfinger audit`: the audit log, searched. It works beside a running server, and without one.

use std::io;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use wharfinger_audit::{Found, Order, Query, Record, Tail, parse_time};
use wharfinger_core::Clock;
use wharfinger_server::{DataDir, SystemClock};

use crate::arguments::DirectoryArguments;
use crate::print;

/// How long `--follow` waits before it looks again.
const FOLLOW_PAUSE: Duration = Duration::from_millis(500);

/// What is looked for; all of it must hold.
#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// Calls from then on: a time such as 2026-03-01T12:30:00Z or 2026-03-01, or so long ago, such
    /// as 15m, 2h or 3d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Calls before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The caller: an ARN, the name of a user, a role or a session, or an access key
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// The operation, such as PutImage or ecr:PutImage
    #[arg(long, value_name = "OPERATION")]
    event: Option<String>,
    /// An ARN, the name of a repository, or any other parameter of the call
    #[arg(long, value_name = "RESOURCE")]
    resource: Option<String>,
    /// The error, such as AccessDenied; `any` for whatever failed
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "any")]
    error: Option<String>,
    /// The id of the request, as in its answer
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// The account of the caller or of the resource
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// How many are shown; 0 for all [default: 100]
    #[arg(long, value_name = "NUMBER", default_value_t = 100, hide_default_value = true)]
    limit: usize,
    /// Which come first
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = OrderForm::Newest)]
    order: OrderForm,
    /// Show what is recorded from now on, until interrupted
    #[arg(long, conflicts_with_all = ["since", "until", "limit", "order"])]
    follow: bool,
    /// Print the whole records, a line each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OrderForm {
    Newest,
    Oldest,
}

/// Prints the records that are looked for.
pub(crate) fn run(arguments: AuditArguments) -> anyhow::Result<()> {
    let config = arguments.directory.resolve()?;
    let folder = DataDir::new(config.data_dir).audit();
    let query = query(&arguments)?;
    let unreadable = || format!("{} cannot be read", folder.display());
    if !arguments.json {
        print::line(&row(["TIME", "CALLER", "EVENT", "RESOURCE", "FROM", "ERROR"]))?;
    }
    if arguments.follow {
        let mut tail = Tail::new(&folder, query).with_context(unreadable)?;
        loop {
            tail.advance(|found| show(&arguments, &found)).with_context(unreadable)?;
            std::thread::sleep(FOLLOW_PAUSE);
        }
    }
    let order = match arguments.order {
        OrderForm::Newest => Order::NewestFirst,
        OrderForm::Oldest => Order::OldestFirst,
    };
    let limit = if arguments.limit == 0 { usize::MAX } else { arguments.limit };
    for found in query.search(&folder, order).with_context(unreadable)?.take(limit) {
        show(&arguments, &found.with_context(unreadable)?)?;
    }
    Ok(())
}

fn query(arguments: &AuditArguments) -> anyhow::Result<Query> {
    let now = SystemClock.now();
    let time = |text: &Option<String>| {
        let read = text.as_deref().map(|text| parse_time(text, now)).transpose();
        read.map_err(anyhow::Error::msg)
    };
    Ok(Query {
        since: time(&arguments.since).context("--since")?,
        until: time(&arguments.until).context("--until")?,
        principal: arguments.principal.clone(),
        event: arguments.event.clone(),
        resource: arguments.resource.clone(),
        error: arguments.error.clone(),
        request_id: arguments.request_id.clone(),
        account: arguments.account.clone(),
    })
}

fn show(arguments: &AuditArguments, found: &Found) -> io::Result<()> {
    match arguments.json {
        true => print::line(&found.line),
        false => print::line(&of_record(&found.record)),
    }
}

/// A record in one line, for people.
fn of_record(record: &Record) -> String {
    let resource = record.resources.first().map_or("-", |resource| {
        let repository = resource.arn.split_once(":repository/").map(|(_, name)| name);
        repository.unwrap_or(&resource.arn)
    });
    let caller = record.caller().trim_start_matches("arn:aws:");
    let error = record.error_code.as_deref().unwrap_or_default();
    let from = &record.source_ip_address;
    row([&record.event_time, caller, &record.event_name, resource, from, error])
}

/// Columns that need not know each other's width: what comes is printed as it comes.
fn row([time, caller, event, resource, from, error]: [&str; 6]) -> String {
    let line = format!("{time:20}  {caller:40}  {event:28}  {resource:30}  {from:15}  {error}");
    // What a client sent may be in it, and must not speak to the terminal.
    let line: String = line.chars().filter(|character| !character.is_control()).collect();
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_line() {
        let record = r#"{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann"},
            "eventTime":"2026-03-01T12:30:00Z","eventSource":"ecr.amazonaws.com",
            "eventName":"PutImage\u001b[31m","sourceIPAddress":"203.0.113.12","errorCode":"AccessDenied",
            "resources":[{"ARN":"arn:aws:ecr:eu-west-1:111122223333:repository/team/app"}]}"#;
        let line = of_record(&serde_json::from_str(record).unwrap());
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = [
            "2026-03-01T12:30:00Z",
            "iam::111122223333:user/ann",
            "PutImage[31m",
            "team/app",
            "203.0.113.12",
            "AccessDenied",
        ];
        assert_eq!(words, expected);
    }
}
