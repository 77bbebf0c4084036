//! Manifests by tag and by digest, GET and HEAD, over many connections that one thread drives. This
//! server checks a token and policies for each; it is measured as the root of its account and as an
//! IAM user whom a policy lets pull.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::turns::Bench;
use crate::book::{OURS, Record};
use crate::client::{Request, head_of};
use crate::load::Load;
use crate::phase::{Meter, Phase};
use crate::registry::{Kind, REPOSITORY, Registry, user_login};
use crate::report::{Bound, Report};
use crate::transfer::{MANIFEST_TYPE, digest_of, manifest, push_bytes, put_manifest};

/// Connections at the same time.
const CONNECTIONS: usize = 64;
/// Images that are asked for in turn.
const IMAGES: usize = 64;
/// Layers of each.
const LAYERS: usize = 8;
/// How long each phase takes.
const DURATION: Duration = Duration::from_secs(3);
/// The same for a quick run.
const QUICK_DURATION: Duration = Duration::from_millis(700);
/// How long a server is warmed up before each phase.
const WARM_UP: Duration = Duration::from_millis(200);

const TIMES_MIN: f64 = 15.0;
const CPU_MICROS_MAX: f64 = 50.0;
const P99_TIMES_MAX: f64 = 0.1;

/// A server with images, and who asks it.
struct Subject {
    registry: Registry,
    /// What each login is called in the tables, and what it sends.
    logins: Vec<(String, Option<String>)>,
    digests: Vec<String>,
}

/// Measures it.
pub fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    report.heading("Manifests");
    report.note(&format!(
        "{IMAGES} images of {LAYERS} layers, asked for over {CONNECTIONS} connections by one thread."
    ));
    let registries = bench.start_all(|registry| {
        images(&registry)?;
        Ok(registry)
    })?;
    let subjects: Result<Vec<Subject>> = registries.into_iter().map(subject).collect();
    let book = bench.alternate(
        &mut subjects?,
        |subject| &subject.registry.name,
        || Ok(()),
        |subject, ()| turn(subject, bench.amount(DURATION, QUICK_DURATION)),
    )?;
    report.operations_table(&book);
    let by_tag = |what: &str| what == "GET by tag";
    let bound = Bound::AtLeast(TIMES_MIN);
    report.promise_of_ratios("manifest GET by tag, 1/s", bound, &book, Phase::per_second, by_tag);
    let bound = Bound::AtMost(CPU_MICROS_MAX);
    report.promise_of_rows(
        "manifest GET by tag, CPU µs",
        bound,
        &book,
        Phase::cpu_micros_each,
        by_tag,
    );
    let bound = Bound::AtMost(P99_TIMES_MAX);
    report.promise_of_ratios("manifest GET by tag, p99", bound, &book, Phase::p99_ms, by_tag);
    Ok(())
}

fn subject(registry: Registry) -> Result<Subject> {
    let mut logins = vec![(registry.name.clone(), registry.authorization.clone())];
    if registry.kind == Kind::Wharfinger {
        let name = match registry.name.as_str() {
            OURS => format!("{OURS}, IAM user"),
            other => format!("{other}, IAM user"),
        };
        logins.push((name, Some(user_login(&registry)?)));
    }
    let digests = (0..IMAGES).map(|number| digest_of(&image(number).2).to_string()).collect();
    Ok(Subject { registry, logins, digests })
}

/// The config, the layers and the manifest of an image.
fn image(number: usize) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let config = format!(r#"{{"architecture":"amd64","os":"linux","number":{number}}}"#);
    let layers: Vec<Vec<u8>> =
        (0..LAYERS).map(|layer| format!("layer {layer} of all images").into_bytes()).collect();
    let part = |bytes: &[u8]| (digest_of(bytes), bytes.len() as u64);
    let parts: Vec<_> = layers.iter().map(|layer| part(layer)).collect();
    let manifest = manifest(&part(config.as_bytes()), &parts, number);
    (config.into_bytes(), layers, manifest)
}

fn images(registry: &Registry) -> Result<()> {
    let mut client = registry.client()?;
    for number in 0..IMAGES {
        let (config, layers, manifest) = image(number);
        let blobs = if number == 0 { &layers[..] } else { &[] };
        for blob in blobs.iter().chain([&config]) {
            push_bytes(&mut client, REPOSITORY, blob)?;
        }
        put_manifest(&mut client, REPOSITORY, &format!("v{number}"), &manifest)?;
    }
    Ok(())
}

fn turn(subject: &Subject, duration: Duration) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let tags: Vec<String> = (0..IMAGES).map(|number| format!("v{number}")).collect();
    for (registry, authorization) in &subject.logins {
        for (method, by, references) in [
            ("GET", "tag", &tags),
            ("GET", "digest", &subject.digests),
            ("HEAD", "tag", &tags),
            ("HEAD", "digest", &subject.digests),
        ] {
            let requests = requests(subject, method, references, authorization.as_deref());
            let load = |duration| Load {
                address: subject.registry.address,
                method,
                requests: Arc::clone(&requests),
                connections: CONNECTIONS,
                duration,
            };
            load(WARM_UP).run()?;
            let meter = Meter::start(&subject.registry.process)?;
            let answered = load(duration).run()?;
            let count = answered.latencies_ms.len() as u64;
            let phase = meter.stop(answered.bytes, count, answered.latencies_ms)?;
            let what = format!("{method} by {by}");
            records.push(Record { what, registry: registry.clone(), phase });
        }
    }
    Ok(records)
}

fn requests(
    subject: &Subject,
    method: &str,
    references: &[String],
    authorization: Option<&str>,
) -> Arc<Vec<Vec<u8>>> {
    let host = subject.registry.address.to_string();
    let headers = [("accept", MANIFEST_TYPE)];
    let request = |reference: &String| {
        let target = format!("/v2/{REPOSITORY}/manifests/{reference}");
        let request = Request { headers: &headers, ..Request::new(method, &target) };
        head_of(&request, &host, authorization, 0)
    };
    Arc::new(references.iter().map(request).collect())
}
