//! A lifecycle policy over a repository as large as ECR's quotas allow: what it costs to decide, and
//! what it costs to do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::turns::{Bench, say};
use crate::api::{Credentials, call};
use crate::client::Client;
use crate::registry::{Kind, REPOSITORY, Registry, access_key, restart_with_rows};
use crate::report::{Bound, Report};
use crate::seed::{self, Images};

/// Images of the repository, of which eight in ten have tags.
const IMAGES: usize = 100_000;
/// The same for a quick run.
const QUICK_IMAGES: usize = 5_000;
/// Rules of the policies.
const RULES: u32 = 10;
/// Previews, the least of which counts.
const PREVIEWS: usize = 3;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(25);
/// The longest that is waited.
const PATIENCE: Duration = Duration::from_secs(600);

/// CPU milliseconds that it may cost to decide.
const DECIDING_MILLIS_MAX: f64 = 1_000.0;

/// What something came to.
struct Cost {
    cpu_millis: f64,
    wall_millis: f64,
    /// Above what was resident before.
    peak_mib: f64,
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let images = bench.amount(IMAGES, QUICK_IMAGES);
    report.heading("Lifecycle policies");
    report.note(&format!(
        "A repository of {images} images, of ten of which eight have one to three tags, and {RULES} \
         rules. *deciding* is a preview in which no image is due, the least of {PREVIEWS}; *doing* \
         is the evaluation of a policy that takes one image in ten. CPU of the server process."
    ));
    say("filling the database");
    let server = bench.candidates.iter().find(|candidate| candidate.kind == Kind::Wharfinger);
    let server = server.context("no server")?.start(&bench.folder, None)?;
    let server = restart_with_rows(server, |database, id| {
        seed::rows(database, id, REPOSITORY, 0, (Images::Mixed, images))
    })?;
    let (credentials, mut client) = (access_key(&server)?, server.anonymous()?);
    let mut deciding = Vec::new();
    for _ in 0..PREVIEWS {
        let cost = cost_of(&server, || preview(&mut client, &credentials, &policy(images)))?;
        deciding.push(cost);
    }
    deciding.sort_by(|one, other| one.cpu_millis.total_cmp(&other.cpu_millis));
    let deciding = deciding.into_iter().next().context("no preview")?;
    let kept = images - images / 10;
    let doing = cost_of(&server, || evaluate(&mut client, &credentials, &policy(kept)))?;
    println!("| what | CPU ms | wall ms | peak MiB more |\n|---|---|---|---|");
    for (what, cost) in [("deciding", &deciding), ("doing", &doing)] {
        let Cost { cpu_millis, wall_millis, peak_mib } = cost;
        println!("| {what} | {cpu_millis:.0} | {wall_millis:.0} | {peak_mib:.1} |");
    }
    let what = format!("deciding about {images} images, ms of CPU");
    let bound = Bound::AtMost(DECIDING_MILLIS_MAX);
    report.promise(&what, bound, vec![("preview".into(), deciding.cpu_millis)]);
    Ok(())
}

/// Rules by tags under which nothing is due, and one that keeps so many of all images.
fn policy(kept: usize) -> String {
    let by_tag = |priority: u32| {
        let patterns = match priority % 3 {
            0 => json!([format!("*-arm{priority}*")]),
            1 => json!([format!("build-*{priority}-none"), "v1.*"]),
            _ => json!([format!("release-{priority}.*")]),
        };
        json!({
            "rulePriority": priority, "action": { "type": "expire" },
            "selection": {
                "tagStatus": "tagged", "tagPatternList": patterns,
                "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1,
            },
        })
    };
    let mut rules: Vec<Value> = (1..RULES).map(by_tag).collect();
    rules.push(json!({
        "rulePriority": RULES, "action": { "type": "expire" },
        "selection": {
            "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept,
        },
    }));
    json!({ "rules": rules }).to_string()
}

fn cost_of(server: &Registry, work: impl FnOnce() -> Result<()>) -> Result<Cost> {
    let process = &server.process;
    process.reset_peak()?;
    // Threads that end meanwhile count, which the finer figure leaves out.
    let (started, cpu, resident) = (Instant::now(), process.cpu()?.total(), process.rss_bytes()?);
    work()?;
    let wall_millis = started.elapsed().as_secs_f64() * 1e3;
    let more = process.peak_bytes()?.saturating_sub(resident);
    let cpu_millis = (process.cpu()?.total() - cpu) * 1e3;
    Ok(Cost { cpu_millis, wall_millis, peak_mib: more as f64 / f64::from(1 << 20) })
}

/// Has a preview made and waits for it.
fn preview(client: &mut Client, credentials: &Credentials, policy: &str) -> Result<()> {
    let named = json!({ "repositoryName": REPOSITORY, "maxResults": 1 });
    let started = json!({ "repositoryName": REPOSITORY, "lifecyclePolicyText": policy });
    call(client, credentials, "StartLifecyclePolicyPreview", &started)?;
    let mut found = Value::Null;
    wait_until("a preview", || {
        found = call(client, credentials, "GetLifecyclePolicyPreview", &named)?;
        Ok(found["status"] != "IN_PROGRESS")
    })?;
    let due = &found["summary"]["expiringImageTotalCount"];
    ensure!(found["status"] == "COMPLETE" && *due == 0, "{found}");
    Ok(())
}

/// Puts a policy and waits until it was carried out.
fn evaluate(client: &mut Client, credentials: &Credentials, policy: &str) -> Result<()> {
    let put = json!({ "repositoryName": REPOSITORY, "lifecyclePolicyText": policy });
    call(client, credentials, "PutLifecyclePolicy", &put)?;
    let named = json!({ "repositoryName": REPOSITORY });
    wait_until("an evaluation", || {
        let found = call(client, credentials, "GetLifecyclePolicy", &named)?;
        Ok(found["lastEvaluatedAt"].as_f64().is_some_and(|at| at > 0.0))
    })
}

fn wait_until(what: &str, mut look: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !look()? {
        ensure!(started.elapsed() < PATIENCE, "{what} takes too long");
        std::thread::sleep(LOOK);
    }
    Ok(())
}
