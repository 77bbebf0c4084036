//! Lists of tags: a page of 100 from anywhere, and all of them to the end, following `Link`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

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
/// Tags of a page when all are listed: as many as ECR gives at a time.
const LARGE_PAGE: usize = 1_000;
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
         the end by pages of {LARGE_PAGE} (`Link`), where one operation is the whole list. What knows \
         no pages (distribution 2.8) answers with all tags, unsorted, whatever it is asked for: that \
         is a row of its own, and no ratio is made of it."
    ));
    let mut all = Book::default();
    for tags in TAGS.into_iter().take(bench.amount(TAGS.len(), QUICK_SIZES)) {
        say(&format!("{tags} tags"));
        let mut registries = bench.start_all(|registry| filled(registry, tags))?;
        let book = bench.alternate(
            &mut registries,
            |registry| &registry.name,
            || Ok(()),
            |registry, ()| turn(registry, tags, pages),
        )?;
        all.absorb(book);
    }
    report.operations_table(&all);
    let page = |what: &str| what.starts_with("page") && what.ends_with(" 100000");
    let bound = Bound::AtMost(PAGE_CPU_MICROS_MAX);
    let what = "a page of 100 out of 100,000 tags, CPU µs";
    report.promise_of_rows(what, bound, &all, Phase::cpu_micros_each, page);
    let every = |what: &str| what.starts_with("all") && what.ends_with(" 100000");
    let bound = Bound::AtLeast(ALL_TIMES_MIN);
    report.promise_of_ratios("all 100,000 tags, 1/s", bound, &all, Phase::per_second, every);
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

fn turn(registry: &Registry, tags: usize, pages: usize) -> Result<Vec<Record>> {
    let mut client = registry.client()?;
    let record = |what: String, phase| Record { what, registry: registry.name.clone(), phase };
    let meter = Meter::start(&registry.process)?;
    let mut latencies = Vec::new();
    for number in 0..pages {
        // A page that begins in the last hundred would be short.
        let last = tag_name(number * (tags - PAGE) / pages);
        let target = format!("/v2/{REPOSITORY}/tags/list?n={PAGE}&last={last}");
        latencies.push(timed_ms(|| {
            let (found, _) = page(&mut client, &target)?;
            ensure!(found >= PAGE - 1, "a page of {found} tags");
            Ok(())
        })?);
    }
    let phase = meter.stop(0, pages as u64, latencies)?;
    let mut records = vec![record(format!("page of {PAGE} out of {tags}"), phase)];

    let meter = Meter::start(&registry.process)?;
    let mut found = Vec::new();
    let took = timed_ms(|| {
        let mut next = Some(format!("/v2/{REPOSITORY}/tags/list?n={LARGE_PAGE}"));
        while let Some(target) = next {
            let (count, link) = page(&mut client, &target)?;
            found.push(count);
            next = link;
        }
        let listed: usize = found.iter().sum();
        ensure!(listed == tags, "{listed} tags were listed, not {tags}");
        Ok(())
    })?;
    let paged = found.iter().all(|count| *count <= LARGE_PAGE);
    let what = if paged { format!("all {tags}") } else { format!("all {tags} in one answer") };
    records.push(record(what, meter.stop(0, 1, vec![took])?));
    Ok(records)
}

/// How many tags a page has, and where the next one is.
fn page(client: &mut Client, target: &str) -> Result<(usize, Option<String>)> {
    let answer = client.send(&Request::new("GET", target))?.expect(200, "tags/list")?;
    let page: Value = serde_json::from_slice(&answer.body)?;
    let found = page["tags"].as_array().context("no tags")?.len();
    let link =
        answer.head.header("link").and_then(|link| link.strip_prefix('<')?.split('>').next());
    Ok((found, link.map(path_of)))
}
