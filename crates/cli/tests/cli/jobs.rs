//! What the registry does by itself, as the command line and `/metrics` show it.

use serde_json::Value;

use super::{Home, get};

/// The collection of garbage in the list.
fn collection(home: &Home) -> Value {
    let jobs = home.json("jobs --json --kind collect-garbage");
    assert_eq!(jobs.as_array().unwrap().len(), 1, "{jobs}");
    jobs[0].clone()
}

#[test]
fn jobs_are_shown_beside_a_server_and_asked_for() {
    let home = Home::new();
    let mut server = home.serve("");
    // Each look is a process of its own, which takes its time.
    let done = (0..2_000).map(|_| collection(&home)).find(|job| job["finishedAt"].is_string());
    let done = done.expect("the first collection begins with the server");
    assert_eq!((&done["status"], &done["attempts"]), (&"WAITING".into(), &0.into()));
    assert_eq!(done["subject"], "");
    let metrics = get(server.url(), "/metrics");
    for sample in [
        "wharfinger_metadata_up 1",
        "wharfinger_job_run_seconds_count{kind=\"collect-garbage\"} 1",
        "wharfinger_jobs{kind=\"collect-garbage\",status=\"waiting\"} 1",
        "wharfinger_job_failures_total{kind=\"collect-garbage\"} 0",
    ] {
        assert!(metrics.lines().any(|line| line == sample), "{sample} in {metrics}");
    }
    assert_eq!(server.signal("-TERM"), 0);

    let table = home.ok("jobs");
    assert!(table.starts_with("KIND"), "{table}");
    let row = table.lines().find(|line| line.starts_with("collect-garbage")).unwrap();
    assert!(row.contains("waiting") && row.contains(done["dueAt"].as_str().unwrap()), "{row}");
    assert_eq!(home.ok("jobs --status given-up --json"), "[]\n");
    assert_eq!(home.json("jobs --limit 1 --json").as_array().unwrap().len(), 1);

    let asked = home.ok("jobs run collect-garbage");
    assert!(asked.starts_with("collect-garbage is due now"), "{asked}");
    assert_ne!(collection(&home)["dueAt"], done["dueAt"]);
    assert_eq!(home.ok("jobs retry activate-image"), "No activate-image was given up.\n");
    let absent = home.fails("jobs retry activate-image 111122223333/us-east-1/app@sha256:0");
    assert!(absent.contains("no such job"), "{absent}");
    let whole = home.fails("jobs run evaluate-lifecycle-policy");
    assert!(whole.contains("what it is about"), "{whole}");
    let unknown = home.run("jobs run nonsense");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(super::error_of(&unknown).contains("collect-garbage"));
}
