//! Lists of tags: a page of 100 from anywhere, and all of them to the end, following `Link`.

use std::path::Path;

use anyhow::{Result, ensure};
use serde::Deserialize;
use wharfinger_core::limits::TAGS_PAGE_MAX;

use super::turns::{Bench, say, timed_ms};
use crate::book::{Book, Record};
use crate::client::{Client, Request};
use crate::phase::{Meter, Phase};
use crate::registry::{Kind, REPOSITORY, Registry, restart_with_rows};
use crate::report::{Bound, Report};
use crate::seed::{self, Images, tag_name};
use crate::transfer::{digest_of, manifest, path_of, push_bytes, put_manifest};

/// Tags of the repository.
const TAGS: [usize; 3] = [1_000, 10_000, 100_000];
/// How many of those sizes a quick run takes.
const QUICK_SIZES: usize = 2;
/// Tags of a page.
const PAGE: usize = 100;
/// Tags of a page when all are listed: as many as this server gives at a time.
const LARGE_PAGE: usize = TAGS_PAGE_MAX as usize;
/// How often all of them are listed again.
const AGAIN: usize = 5;
/// Pages that are asked for, from places all over the list.
const PAGES: usize = 100;
/// The same for a quick run.
const QUICK_PAGES: usize = 20;
/// Tags at the most of a registry whose storage is not written directly.
const PUSHED_TAGS_MAX: usize = 10_000;

const PAGE_CPU_MICROS_MAX: f64 = 1_000.0;
const ALL_TIMES_MIN: f64 = 10.0;

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("Tags");
    let pages = bench.amount(PAGES, QUICK_PAGES);
    report.note(&format!(
        "`tags/list?n={PAGE}&last=…` from {pages} places all over the list, one client; and all tags to \
         the end by pages of {LARGE_PAGE} (`Link`), where one operation is the whole list: once after \
         something else was written, then {AGAIN} times more, and once after a new tag was pushed. What \
         knows no pages (distribution 2.8) answers with all tags, unsorted, whatever it is asked for."
    ));
    let mut all = Book::default();
    for tags in TAGS.into_iter().take(bench.amount(TAGS.len(), QUICK_SIZES)) {
        say(&format!("{tags} tags"));
        // A repository of this server has no room for more than the largest of these: each run fills
        // it by one.
        let first = tags.saturating_sub(bench.runs);
        let started = bench.start_all(|registry| filled(registry, first))?;
        // With how many turns each had, for each turn pushes a tag.
        let mut registries: Vec<_> = started.into_iter().map(|registry| (registry, 0)).collect();
        let book = bench.alternate(
            &mut registries,
            |(registry, _)| &registry.name,
            || Ok(()),
            |(registry, run), ()| {
                let records = turn(registry, (tags, first + *run), pages)?;
                *run += 1;
                Ok(records)
            },
        )?;
        all.absorb(book);
    }
    report.operations_table(&all);
    let page = |what: &str| what.starts_with("page") && what.ends_with(" 100000");
    let bound = Bound::AtMost(PAGE_CPU_MICROS_MAX);
    let what = "a page of 100 out of 100,000 tags, CPU µs";
    report.promise_of_rows(what, bound, &all, Phase::cpu_micros_each, page);
    let bound = Bound::AtLeast(ALL_TIMES_MIN);
    for (what, row) in [
        ("all 100,000 tags after something else was written, 1/s", "all 100000"),
        ("the same again, 1/s", "all again 100000"),
        ("the same after a tag was pushed, 1/s", "all, one tag newer 100000"),
    ] {
        report.promise_of_ratios(what, bound, &all, Phase::per_second, |it| it == row);
    }
    Ok(())
}

/// The registry with that many tags.
fn filled(registry: Registry, tags: usize) -> Result<Registry> {
    match registry.kind {
        Kind::Wharfinger => restart_with_rows(registry, |database, id| {
            seed::rows(database, id, REPOSITORY, 0, (Images::OneTagEach, tags))
        }),
        Kind::Distribution => {
            link_tags(&registry.data_dir(), tags)?;
            Ok(registry)
        }
        Kind::Zot => {
            ensure!(tags <= PUSHED_TAGS_MAX, "{tags} tags are too many to push");
            push_tags(&registry, tags)?;
            Ok(registry)
        }
    }
}

/// Writes what distribution keeps of a tag, a file in folders of its own.
fn link_tags(root: &Path, tags: usize) -> Result<()> {
    let repository = root.join("docker/registry/v2/repositories").join(REPOSITORY);
    let folder = repository.join("_manifests/tags");
    std::fs::create_dir_all(&folder)?;
    for number in 0..tags {
        let tag = folder.join(tag_name(number));
        std::fs::create_dir(&tag)?;
        let folder = tag.join("current");
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("link"), digest_of(tag_name(number).as_bytes()).to_string())?;
    }
    Ok(())
}

fn push_tags(registry: &Registry, tags: usize) -> Result<()> {
    let mut client = registry.client()?;
    let config = push_bytes(&mut client, REPOSITORY, b"{}")?;
    let layer = push_bytes(&mut client, REPOSITORY, b"a layer")?;
    let manifest = manifest(&config, &[layer], 0);
    (0..tags).try_for_each(|it| put_manifest(&mut client, REPOSITORY, &tag_name(it), &manifest))
}

/// What is called a list of so many `tags` has `there` of them now.
fn turn(registry: &Registry, (tags, there): (usize, usize), pages: usize) -> Result<Vec<Record>> {
    let mut client = registry.client()?;
    let record = |what: String, phase| Record { what, registry: registry.name.clone(), phase };
    let meter = Meter::start(&registry.process)?;
    let mut latencies = Vec::new();
    for number in 0..pages {
        // A page that begins in the last hundred would be short.
        let last = tag_name(number * there.saturating_sub(2 * PAGE) / pages);
        let target = format!("/v2/{REPOSITORY}/tags/list?n={PAGE}&last={last}");
        latencies.push(timed_ms(|| {
            let (found, _) = page(&mut client, &target)?;
            ensure!(found >= PAGE - 1, "a page of {found} tags");
            Ok(())
        })?);
    }
    let phase = meter.stop(0, pages as u64, latencies)?;
    let mut records = vec![record(format!("page of {PAGE} out of {tags}"), phase)];

    // Whatever may be remembered of the list is, when something is written that does not change it.
    list_all(&mut client, there)?;
    let begin = format!("/v2/{REPOSITORY}/blobs/uploads/");
    client.send(&Request::new("POST", &begin))?.expect(202, "an upload")?;
    for (what, times) in [("all", 1), ("all again", AGAIN)] {
        let meter = Meter::start(&registry.process)?;
        let latencies: Result<_> =
            (0..times).map(|_| timed_ms(|| list_all(&mut client, there))).collect();
        records.push(record(format!("{what} {tags}"), meter.stop(0, times as u64, latencies?)?));
    }

    // A tag that was not there: from here on the list says something else.
    put_tag(&mut client, there)?;
    let meter = Meter::start(&registry.process)?;
    let latency = timed_ms(|| list_all(&mut client, there + 1))?;
    records.push(record(format!("all, one tag newer {tags}"), meter.stop(0, 1, vec![latency])?));
    Ok(records)
}

/// Pushes an image under a tag that sorts behind the others.
fn put_tag(client: &mut Client, number: usize) -> Result<()> {
    let config = push_bytes(client, REPOSITORY, b"{}")?;
    let layer = push_bytes(client, REPOSITORY, b"a layer")?;
    let manifest = manifest(&config, &[layer], number);
    put_manifest(client, REPOSITORY, &format!("w{number:06}"), &manifest)
}

fn list_all(client: &mut Client, tags: usize) -> Result<()> {
    let mut next = Some(format!("/v2/{REPOSITORY}/tags/list?n={LARGE_PAGE}"));
    let mut listed = 0;
    while let Some(target) = next {
        let (count, link) = page(client, &target)?;
        listed += count;
        next = link;
    }
    ensure!(listed == tags, "{listed} tags were listed, not {tags}");
    Ok(())
}

/// The body of a page. The texts stay where they are, for the client's work is the same for all
/// registries and is not what is measured.
#[derive(Deserialize)]
struct TagList<'a> {
    #[serde(borrow)]
    tags: Vec<&'a str>,
}

/// How many tags a page has, and where the next one is.
fn page(client: &mut Client, target: &str) -> Result<(usize, Option<String>)> {
    let answer = client.send(&Request::new("GET", target))?.expect(200, "tags/list")?;
    let page: TagList<'_> = serde_json::from_slice(&answer.body)?;
    let found = page.tags.len();
    let link =
        answer.head.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
    Ok((found, link.map(path_of)))
}
