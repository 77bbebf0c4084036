//! Long lists, walked page by page, as clients with many repositories and images walk them.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::api::{Credentials, call};
use crate::client::{Client, Keep};
use crate::process::Process;
use crate::registry::{REPOSITORY, Registry, Wharfinger};

/// Repositories of the registry, and images of one of them: as many as ECR's quotas allow.
pub const ELEMENTS: usize = 100_000;
/// Elements of a page.
const PAGE: usize = 100;
/// Times a list is walked. A page's CPU time is the least of them: neighbours on the machine only
/// ever add to it.
const WALKS: usize = 3;

/// What the pages of one list cost the server.
pub struct Pages {
    /// Which list.
    pub list: String,
    /// Elements in all pages together.
    pub elements: usize,
    /// CPU milliseconds of the first page when it was asked for the first time.
    pub cold_first_ms: f64,
    /// CPU milliseconds of each page.
    pub ms: Vec<f64>,
}

impl Pages {
    /// CPU milliseconds that `share` of the pages do not exceed.
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.ms.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_precision_loss, reason = "a list has some thousand pages")]
        let place = (sorted.len() as f64 * share).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
        let place = (place as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(place).copied().unwrap_or_default()
    }
}

/// How many elements a page has, and the token of the next one.
type Page = (usize, Option<String>);

/// A list, which is asked for the page of a token.
struct List<'a> {
    name: String,
    page: Box<dyn FnMut(Option<String>) -> Result<Page> + 'a>,
}

/// Walks all lists there are of repositories, images and tags.
pub fn walk_all(server: &Wharfinger) -> Result<Vec<Pages>> {
    let credentials = server.credentials()?;
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
        let mut client = server.api_client()?;
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
    let (mut pages, mut elements, mut cold_first_ms) = (Vec::<f64>::new(), 0, 0.0);
    for turn in 0..WALKS {
        let (mut token, mut number) = (None, 0);
        loop {
            let before = process.cpu_millis()?;
            let (found, next) = (list.page)(token)?;
            let cost = process.cpu_millis()? - before;
            match pages.get_mut(number) {
                Some(least) => *least = least.min(cost),
                None => pages.push(cost),
            }
            if turn == 0 {
                elements += found;
                cold_first_ms = if number == 0 { cost } else { cold_first_ms };
            }
            number += 1;
            token = next;
            if token.is_none() {
                break;
            }
        }
        ensure!(number == pages.len(), "{} had another number of pages", list.name);
    }
    Ok(Pages { list: list.name, elements, cold_first_ms, ms: pages })
}

fn json_page(
    client: &mut Client,
    credentials: &Credentials,
    operation: &str,
    input: &Value,
    elements: &str,
    token: Option<String>,
) -> Result<Page> {
    let mut input = input.clone();
    input["maxResults"] = PAGE.into();
    if let Some(token) = token {
        input["nextToken"] = token.into();
    }
    let page = call(client, credentials, operation, &input)?;
    let found = page[elements].as_array().context("no list")?.len();
    Ok((found, page["nextToken"].as_str().map(str::to_owned)))
}

fn tags_page(client: &mut Client, path: Option<String>) -> Result<Page> {
    let path = path.unwrap_or_else(|| format!("/v2/{REPOSITORY}/tags/list?n={PAGE}"));
    let answer = client.send("GET", &path, &[], &[], Keep::Body)?;
    ensure!(answer.status == 200, "{path} answered {}", answer.status);
    let page: Value = serde_json::from_slice(&answer.body)?;
    let found = page["tags"].as_array().context("no tags")?.len();
    let next = answer.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
    let next = next.map(|link| link.find("/v2/").map_or(link, |start| &link[start..]).to_owned());
    Ok((found, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_pages() {
        let pages = |ms: &[f64]| Pages {
            list: String::new(),
            elements: 0,
            cold_first_ms: 0.0,
            ms: ms.to_vec(),
        };
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let shares = [0.0, 0.5, 0.99, 1.0].map(|share| pages(&hundred).quantile_ms(share));
        assert_eq!(format!("{shares:?}"), "[1.0, 50.0, 99.0, 100.0]");
        assert_eq!(format!("{:?}", pages(&[]).quantile_ms(0.5)), "0.0");
    }
}
