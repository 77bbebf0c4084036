//! Updates from a server on this machine.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use wharfinger_advisories::Store;
use wharfinger_server::HttpClient;

use super::super::download::Downloads;
use super::super::loopback::Loopback;
use super::{Update, base_url, chosen};

/// Updates sources in `folder`, all of them from a server.
async fn update(folder: &Path, server: &Loopback, names: &[&str]) -> anyhow::Result<()> {
    let client = HttpClient::new(None)?;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let sources = chosen(&names)?;
    let base = |name: &str| (name.to_owned(), format!("http://{}/{name}", server.address));
    let bases: BTreeMap<_, _> = sources.iter().map(|source| base(source.publisher)).collect();
    let downloads = Downloads::open(&client, &folder.join("downloads"))?;
    let store = Store::new(folder);
    Update { store, downloads, bases, year: 2003, ready: Vec::new() }.run(&sources).await
}

fn epss(count: usize) -> String {
    let rows = (0..count).map(|number| format!("CVE-2021-{number},0.5,0.5\n"));
    format!("cve,epss,percentile\n{}", rows.collect::<String>())
}

#[tokio::test]
async fn what_did_not_change_is_not_fetched_again() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    server.put("/epss/epss_scores-current.csv.gz", epss(3));
    update(folder.path(), &server, &["epss"]).await.unwrap();
    assert_eq!(server.log(), ["GET /epss/epss_scores-current.csv.gz 200"]);
    let store = Store::new(folder.path());
    let database = store.current().unwrap().unwrap();
    assert!(database.epss("CVE-2021-2").unwrap().is_some());

    update(folder.path(), &server, &["epss"]).await.unwrap();
    assert_eq!(server.log(), ["GET /epss/epss_scores-current.csv.gz 304"]);
    let same = store.current().unwrap().unwrap();
    assert_eq!(same.information().id, database.information().id);

    server.put("/epss/epss_scores-current.csv.gz", epss(5));
    update(folder.path(), &server, &["epss"]).await.unwrap();
    assert_eq!(server.log(), ["GET /epss/epss_scores-current.csv.gz 200"]);
    assert!(store.current().unwrap().unwrap().epss("CVE-2021-4").unwrap().is_some());
}

#[tokio::test]
async fn what_broke_off_is_continued() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    let path = "/epss/epss_scores-current.csv.gz".to_owned();
    server.put(&path, epss(2000));
    server.content.lock().unwrap().cut.insert(path.clone(), 10_000);
    update(folder.path(), &server, &["epss"]).await.unwrap();
    assert_eq!(server.log(), [format!("GET {path} 200"), format!("GET {path} 206")]);
    let database = Store::new(folder.path()).current().unwrap().unwrap();
    assert!(database.epss("CVE-2021-1999").unwrap().is_some());

    // A file that is another by now is fetched from its beginning.
    server.put(&path, epss(3000));
    server.content.lock().unwrap().cut.insert(path.clone(), 0);
    update(folder.path(), &server, &["epss"]).await.unwrap_err();
    server.put(&path, epss(4000));
    update(folder.path(), &server, &["epss"]).await.unwrap();
    let database = Store::new(folder.path()).current().unwrap().unwrap();
    assert!(database.epss("CVE-2021-3999").unwrap().is_some());
}

const RECORD: &str = r#"{"schema_version":"1.6.0","id":"GHSA-aaaa-bbbb-cccc","modified":"2024-01-01T00:00:00Z","aliases":["CVE-2024-7"],
    "affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.0.0"}]}]}]}"#;

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn of_osv_all_is_fetched_once_and_then_what_changed() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    server.put("/osv/npm/modified_id.csv", "2024-01-01T00:00:00Z,GHSA-aaaa-bbbb-cccc\n");
    server.put("/osv/npm/all.zip", zip(&[("GHSA-aaaa-bbbb-cccc.json", RECORD)]));
    update(folder.path(), &server, &["npm"]).await.unwrap();
    assert_eq!(server.log(), ["GET /osv/npm/modified_id.csv 200", "GET /osv/npm/all.zip 200"]);
    let fixed = || {
        let database = Store::new(folder.path()).current().unwrap().unwrap();
        let found = database.affecting(&"npm".parse().unwrap(), "left-pad").unwrap();
        format!("{:?}", found[0].intervals[0].end)
    };
    assert_eq!(fixed(), "Fixed(\"1.0.0\")");

    update(folder.path(), &server, &["npm"]).await.unwrap();
    assert_eq!(server.log(), ["GET /osv/npm/modified_id.csv 200"]);

    let newer = RECORD
        .replace("2024-01-01", "2024-02-01")
        .replace("\"fixed\":\"1.0.0\"", "\"fixed\":\"1.0.1\"");
    server.put("/osv/npm/GHSA-aaaa-bbbb-cccc.json", newer);
    let list =
        "2024-02-01T00:00:00Z,GHSA-aaaa-bbbb-cccc\n2024-01-15T00:00:00Z,GHSA-gone-gone-gone\n";
    server.put("/osv/npm/modified_id.csv", list);
    update(folder.path(), &server, &["npm"]).await.unwrap();
    let expected = [
        "GET /osv/npm/modified_id.csv 200",
        "GET /osv/npm/GHSA-aaaa-bbbb-cccc.json 200",
        "GET /osv/npm/GHSA-gone-gone-gone.json 404",
    ];
    assert_eq!(server.log(), expected);
    assert_eq!(fixed(), "Fixed(\"1.0.1\")");
    let database = Store::new(folder.path()).current().unwrap().unwrap();
    assert!(database.covers(&"npm".parse().unwrap()));
}

#[tokio::test]
async fn repositories_and_branches_are_found() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    let secdb = |release: &str| {
        format!(
            r#"{{"distroversion":"{release}","reponame":"main","urlprefix":"x","apkurl":"x","archs":[],
            "packages":[{{"pkg":{{"name":"curl","secfixes":{{"8.0.0-r0":["CVE-2023-1"]}}}}}}]}}"#
        )
    };
    for release in ["v3.18", "v3.25", "v3.27", "edge"] {
        for repository in ["main", "community"] {
            server.put(&format!("/alpine/{release}/{repository}.json"), secdb(release));
        }
    }
    let advisory = r#"<updates><update type="security"><id>ALAS2-2018-939</id><severity>low</severity><pkglist><collection>
        <package arch="x86_64" name="curl" release="1.amzn2" version="8"/></collection></pkglist></update></updates>"#;
    let index = r#"<data type="updateinfo"><location href="repodata/u.xml"/></data>"#;
    let mirror = format!("http://{}/mirror/\n", server.address);
    server.put("/amazon/2/core/latest/x86_64/mirror.list", mirror.clone());
    server.put("/amazon/al2023/core/mirrors/latest/x86_64/mirror.list", mirror);
    server.put("/mirror/repodata/repomd.xml", index);
    server.put("/mirror/repodata/u.xml", advisory);
    update(folder.path(), &server, &["alpine", "amazon"]).await.unwrap();
    let database = Store::new(folder.path()).current().unwrap().unwrap();
    let ecosystems: Vec<_> =
        database.information().ecosystems.iter().map(ToString::to_string).collect();
    // Of one that is newer than all that are known here as well, until there is none.
    assert_eq!(ecosystems, ["alpine:3.18", "alpine:3.25", "alpine:edge", "amazon:2"]);
}

#[tokio::test]
async fn a_source_that_fails_does_not_stop_the_others() {
    let (folder, server) = (tempfile::tempdir().unwrap(), Loopback::start());
    server.put("/epss/epss_scores-current.csv.gz", epss(3));
    server.put(
        "/kev/known_exploited_vulnerabilities.json",
        "{\"catalogVersion\":1,\"vulnerabilities\":[7]}",
    );
    let error = update(folder.path(), &server, &["debian", "epss", "kev"]).await.unwrap_err();
    let expected = "2 of 3 sources could not be brought up to date: debian, kev. What was there before stays; \
        what broke off is continued next time";
    assert_eq!(error.to_string(), expected);
    let database = Store::new(folder.path()).current().unwrap().unwrap();
    assert!(database.epss("CVE-2021-2").unwrap().is_some());
    // Without a network, everything stays as it is.
    let gone = Loopback { address: "127.0.0.1:1".into(), content: server.content.clone() };
    update(folder.path(), &gone, &["epss"]).await.unwrap_err();
    assert!(Store::new(folder.path()).current().unwrap().is_some());
}

#[test]
fn sources_are_named() {
    assert!(chosen(&["nobody".into()]).is_err_and(|it| it.to_string().contains("--list")));
    assert_eq!(chosen(&["osv".into()]).unwrap().len(), 14);
    let defaults = chosen(&[]).unwrap();
    assert!(
        defaults.iter().any(|it| it.name == "debian")
            && defaults.iter().all(|it| it.name != "wolfi")
    );
    let known = base_url("debian=https://mirror.test/debian/").unwrap();
    assert_eq!(known, ("debian".into(), "https://mirror.test/debian".into()));
    for wrong in ["debian", "nobody=https://x.test", "debian=ftp://x.test"] {
        assert!(base_url(wrong).is_err(), "{wrong}");
    }
}
