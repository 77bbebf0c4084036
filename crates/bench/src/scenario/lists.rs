//! Long lists, walked page by page, as clients with many repositories and images walk them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::turns::{Bench, say};
use crate::api::{Credentials, call};
use crate::client::{Client, Request};
use crate::process::Process;
use crate::registry::{Kind, REPOSITORY, Registry, access_key, restart_with_rows};
use crate::report::{Bound, Report};
use crate::seed::{self, Images};
use crate::stats::{quantile, ratio};
use crate::transfer::path_of;

/// Repositories of the registry, and images of one of them: as many as ECR's quotas allow.
const ELEMENTS: usize = 100_000;
/// The same for a quick run.
const QUICK_ELEMENTS: usize = 2_000;
/// Elements of a page.
const PAGE: usize = 100;
/// Times a list is walked. A page's CPU time is the least of them: neighbours on the machine only
/// ever add to it.
const WALKS: usize = 3;

/// CPU milliseconds that the very first page of a list may cost.
const FIRST_PAGE_MILLIS_MAX: f64 = 10.0;
/// How many times as much as the first page any page of a list may cost.
const SLOWEST_PAGE_RATIO_MAX: f64 = 3.0;

/// What the pages of one list cost the server.
struct Pages {
    list: String,
    /// CPU milliseconds of the first page when it was asked for the first time.
    cold_first_ms: f64,
    /// CPU milliseconds of each page.
    ms: Vec<f64>,
}

/// The token of the page after one, if there is one.
type Next = Option<String>;

/// A list, which is asked for the page of a token.
struct List<'a> {
    name: String,
    page: Box<dyn FnMut(Option<String>) -> Result<Next> + 'a>,
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let elements = bench.amount(ELEMENTS, QUICK_ELEMENTS);
    report.heading("Long lists");
    report.note(&format!(
        "{elements} repositories, one of which has {elements} images, {PAGE} elements a page over the \
         signed JSON API. CPU milliseconds of the server for each page, the least of {WALKS} walks, \
         but for the first page after the start."
    ));
    say("filling the database");
    let server = bench.candidates.iter().find(|candidate| candidate.kind == Kind::Wharfinger);
    let server = server.context("no server")?.start(&bench.folder, None)?;
    let server = restart_with_rows(server, |database, id| {
        // The repository that has the images is one of them.
        seed::rows(database, id, REPOSITORY, elements - 1, (Images::Mixed, elements))
    })?;
    let lists = walk_all(&server)?;
    print(&lists);
    let first = lists.iter().map(|pages| (pages.list.clone(), pages.cold_first_ms)).collect();
    let bound = Bound::AtMost(FIRST_PAGE_MILLIS_MAX);
    report.promise("first page of a list, ms of CPU", bound, first);
    let slowest = lists.iter().map(|pages| (pages.list.clone(), slowest_to_first(&pages.ms)));
    let bound = Bound::AtMost(SLOWEST_PAGE_RATIO_MAX);
    report.promise("slowest page of a list, times the first", bound, slowest.collect());
    Ok(())
}

fn print(lists: &[Pages]) {
    println!(
        "| list | pages | first after the start | first | median | 99 of 100 | slowest | \
         slowest / first |\n|---|---|---|---|---|---|---|---|"
    );
    for Pages { list, cold_first_ms, ms } in lists {
        println!(
            "| {list} | {} | {cold_first_ms:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} |",
            ms.len(),
            ms.first().copied().unwrap_or_default(),
            quantile(ms, 0.5),
            quantile(ms, 0.99),
            quantile(ms, 1.0),
            slowest_to_first(ms),
        );
    }
}

fn slowest_to_first(ms: &[f64]) -> f64 {
    ratio(quantile(ms, 1.0), ms.first().copied().unwrap_or_default())
}

/// Walks all lists there are of repositories, images and tags.
fn walk_all(server: &Registry) -> Result<Vec<Pages>> {
    let credentials = access_key(server)?;
    let images =
        |tag_status| json!({ "repositoryName": REPOSITORY, "filter": { "tagStatus": tag_status } });
    let mut measured = Vec::new();
    for (operation, input, elements, note) in [
        ("DescribeRepositories", json!({}), "repositories", ""),
        ("DescribeImages", images("ANY"), "imageDetails", ""),
        ("DescribeImages", images("TAGGED"), "imageDetails", " TAGGED"),
        ("DescribeImages", images("UNTAGGED"), "imageDetails", " UNTAGGED"),
        ("ListImages", images("ANY"), "imageIds", ""),
        ("ListImages", images("TAGGED"), "imageIds", " TAGGED"),
        ("ListImages", images("UNTAGGED"), "imageIds", " UNTAGGED"),
    ] {
        let mut client = server.anonymous()?;
        let credentials = &credentials;
        let page =
            move |token| json_page(&mut client, credentials, operation, &input, elements, token);
        let list = List { name: format!("{operation}{note}"), page: Box::new(page) };
        measured.push(walk(&server.process, list)?);
    }
    let mut client = server.client()?;
    let page = move |path: Option<String>| tags_page(&mut client, path);
    let list = List { name: "tags/list".into(), page: Box::new(page) };
    measured.push(walk(&server.process, list)?);
    Ok(measured)
}

fn walk(process: &Process, mut list: List<'_>) -> Result<Pages> {
    let (mut pages, mut cold_first_ms) = (Vec::<f64>::new(), 0.0);
    for turn in 0..WALKS {
        let (mut token, mut number) = (None, 0);
        loop {
            let before = process.cpu_millis()?;
            token = (list.page)(token)?;
            let cost = process.cpu_millis()? - before;
            match pages.get_mut(number) {
                Some(least) => *least = least.min(cost),
                None => pages.push(cost),
            }
            if turn == 0 && number == 0 {
                cold_first_ms = cost;
            }
            number += 1;
            if token.is_none() {
                break;
            }
        }
        ensure!(number == pages.len(), "{} had another number of pages", list.name);
    }
    Ok(Pages { list: list.name, cold_first_ms, ms: pages })
}

fn json_page(
    client: &mut Client,
    credentials: &Credentials,
    operation: &str,
    input: &Value,
    elements: &str,
    token: Option<String>,
) -> Result<Next> {
    let mut input = input.clone();
    input["maxResults"] = PAGE.into();
    if let Some(token) = token {
        input["nextToken"] = token.into();
    }
    let page = call(client, credentials, operation, &input)?;
    page[elements].as_array().context("no list")?;
    Ok(page["nextToken"].as_str().map(str::to_owned))
}

fn tags_page(client: &mut Client, path: Option<String>) -> Result<Next> {
    let path = path.unwrap_or_else(|| format!("/v2/{REPOSITORY}/tags/list?n={PAGE}"));
    let answer = client.send(&Request::new("GET", &path))?.expect(200, &path)?;
    let link =
        answer.head.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
    Ok(link.map(path_of))
}
