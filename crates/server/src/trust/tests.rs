//! What is planned for which machine, written twice, and taken away.

use super::*;
use crate::{Settings, TlsLayer, TlsMode};

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

fn plan(root: &Path, listen: &str, tls_names: &[&str], registry_host: Option<&str>) -> TrustPlan {
    let names = tls_names.iter().map(|name| (*name).to_owned()).collect();
    let settings = Settings {
        listen: listen.parse().ok(),
        registry_host: registry_host.map(str::to_owned),
        tls: TlsLayer { mode: Some(TlsMode::Auto), names: Some(names), ..TlsLayer::default() },
        ..Settings::default()
    };
    let config = Config::resolve(Settings::default(), settings, Some("/d".into())).unwrap();
    let registry = RegistryId::new("123456789012".parse().unwrap(), "eu-west-1".parse().unwrap());
    TrustPlan::new(root, &config, &registry, PEM)
}

fn paths(plan: &TrustPlan, root: &Path) -> Vec<String> {
    let path = |file: &TrustFile| file.path.strip_prefix(root).unwrap().display().to_string();
    plan.files.iter().map(path).collect()
}

#[test]
fn every_program_finds_the_ca_where_it_looks() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("usr/local/share/ca-certificates")).unwrap();
    let plan = plan(root, "0.0.0.0:443", &[], None);
    assert_eq!(
        paths(&plan, root),
        [
            format!("etc/docker/certs.d/{REGISTRY}/ca.crt"),
            format!("etc/containers/certs.d/{REGISTRY}/ca.crt"),
            format!("etc/containerd/certs.d/{REGISTRY}/ca.crt"),
            format!("etc/containerd/certs.d/{REGISTRY}/hosts.toml"),
            "etc/docker/certs.d/localhost/ca.crt".to_owned(),
            "etc/containers/certs.d/localhost/ca.crt".to_owned(),
            "etc/containerd/certs.d/localhost/ca.crt".to_owned(),
            "etc/containerd/certs.d/localhost/hosts.toml".to_owned(),
            "usr/local/share/ca-certificates/wharfinger-123456789012.crt".to_owned(),
        ]
    );
    assert_eq!(
        plan.hosts_line,
        format!(
            "127.0.0.1 {REGISTRY} api.ecr.eu-west-1.amazonaws.com sts.eu-west-1.amazonaws.com \
             sts.amazonaws.com iam.amazonaws.com"
        )
    );
    assert_eq!(plan.system, Some(SystemStore::Debian));
    assert_eq!(
        plan.files[3].content,
        format!(
            "{OURS}server = \"https://{REGISTRY}\"\n\n[host.\"https://{REGISTRY}\"]\n  \
             capabilities = [\"pull\", \"resolve\", \"push\"]\n  \
             ca = \"/etc/containerd/certs.d/{REGISTRY}/ca.crt\"\n"
        )
    );
    assert!(toml::from_str::<toml::Table>(&plan.files[3].content).is_ok());
}

#[test]
fn ports_and_further_names_have_folders_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("etc/pki/ca-trust/source/anchors")).unwrap();
    let names = ["registry.lan", "::1", "192.0.2.7"];
    let plan = plan(root, "192.0.2.7:8443", &names, Some("{account}.{region}.test:9"));
    let docker: Vec<String> =
        paths(&plan, root).into_iter().filter(|path| path.starts_with("etc/docker")).collect();
    assert_eq!(
        docker,
        [
            format!("etc/docker/certs.d/{REGISTRY}:8443/ca.crt"),
            "etc/docker/certs.d/192.0.2.7:8443/ca.crt".to_owned(),
            "etc/docker/certs.d/123456789012.eu-west-1.test:9/ca.crt".to_owned(),
            "etc/docker/certs.d/registry.lan:8443/ca.crt".to_owned(),
        ]
    );
    assert!(plan.hosts_line.starts_with("192.0.2.7 "));
    assert_eq!(plan.system, Some(SystemStore::RedHat));
    let last = plan.files.last().unwrap();
    assert_eq!(bundle_with(root, PEM), None);
    last.write().unwrap();
    assert_eq!(bundle_with(root, PEM), Some("/etc/pki/tls/certs/ca-bundle.crt"));
    assert_eq!(bundle_with(root, "another CA"), None);
    assert!(last.path.ends_with("anchors/wharfinger-123456789012.crt"), "{last:?}");
}

#[test]
fn a_file_is_written_once_and_taken_away_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let files = plan(root, "[::]:443", &[], None).files;
    let all = |act: fn(&TrustFile) -> Result<Change, TrustError>| {
        files.iter().map(|file| act(file).unwrap()).collect::<Vec<_>>()
    };
    assert!(all(TrustFile::write).iter().all(|change| *change == Change::Written));
    assert!(all(TrustFile::write).iter().all(|change| *change == Change::Unchanged));
    let written = fs::read_to_string(&files[0].path).unwrap();
    assert_eq!(written, format!("{OURS}{PEM}"));
    assert_eq!(fs::metadata(&files[0].path).unwrap().permissions().mode() & 0o777, 0o644);
    fs::write(&files[0].path, format!("{OURS}an older CA")).unwrap();
    assert_eq!(files[0].write().unwrap(), Change::Written);
    let beside = files[0].path.with_file_name("client.key");
    fs::write(&beside, "").unwrap();
    assert!(all(TrustFile::remove).iter().all(|change| *change == Change::Removed));
    assert!(all(TrustFile::remove).iter().all(|change| *change == Change::Absent));
    assert!(beside.exists());
    assert!(!files[1].path.parent().unwrap().exists());
    assert!(root.join("etc/containers/certs.d").exists());
}

#[test]
fn what_is_anothers_stays() {
    let folder = tempfile::tempdir().unwrap();
    let files = plan(folder.path(), "127.0.0.1:443", &[], None).files;
    fs::create_dir_all(files[0].path.parent().unwrap()).unwrap();
    fs::write(&files[0].path, "another's").unwrap();
    let error = files[0].write().unwrap_err();
    assert!(error.to_string().contains("move it away") && !error.is_denied(), "{error}");
    assert_eq!(files[0].remove().unwrap(), Change::Kept);
    assert_eq!(fs::read_to_string(&files[0].path).unwrap(), "another's");
}

#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;

    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = outside.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let files = plan(folder.path(), "127.0.0.1:443", &[], None).files;
    let fresh = files[0].path.with_added_extension("new");
    fs::create_dir_all(fresh.parent().unwrap()).unwrap();
    symlink(&victim, &fresh).unwrap();
    let error = files[0].write().unwrap_err();
    assert!(matches!(&error, TrustError::Foreign { path } if *path == fresh), "{error}");
    fs::remove_file(&fresh).unwrap();
    symlink(&victim, &files[0].path).unwrap();
    assert!(matches!(files[0].write(), Err(TrustError::Foreign { .. })));
    assert_eq!(files[0].remove().unwrap(), Change::Kept);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");

    let containers = folder.path().join("etc/containers");
    symlink(outside.path(), &containers).unwrap();
    let error = files[1].write().unwrap_err();
    assert!(matches!(error, TrustError::Outside { .. }), "{error}");
    assert!(matches!(files[1].remove(), Err(TrustError::Outside { .. })));
    assert!(!outside.path().join("certs.d").exists());
    // A link within the root leads nowhere else.
    fs::remove_file(&containers).unwrap();
    symlink(folder.path().join("etc/docker"), &containers).unwrap();
    assert_eq!(files[2].write().unwrap(), Change::Written);
}

#[test]
fn what_was_cut_off_is_written_anew_and_folders_of_others_stay_closed() {
    let folder = tempfile::tempdir().unwrap();
    let files = plan(folder.path(), "127.0.0.1:443", &[], None).files;
    let own = files[0].path.parent().unwrap();
    fs::create_dir_all(own).unwrap();
    fs::set_permissions(own, Permissions::from_mode(0o700)).unwrap();
    fs::write(files[0].path.with_added_extension("new"), "another's").unwrap();
    assert!(matches!(files[0].write(), Err(TrustError::Foreign { .. })));
    for half in ["", &OURS[..9], OURS] {
        fs::write(files[0].path.with_added_extension("new"), half).unwrap();
        fs::write(&files[0].path, half).unwrap();
        assert_eq!(files[0].write().unwrap(), Change::Written);
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(own), 0o700, "there may be keys in it");
    files[1].write().unwrap();
    assert_eq!(mode(files[1].path.parent().unwrap()), 0o755);
    assert_eq!(mode(&folder.path().join("etc/containers")), 0o755);
}

#[test]
fn a_certificate_is_that_and_nothing_more() {
    assert!(is_certificate(PEM));
    assert!(is_certificate(&PEM.replace('\n', "\r\n")));
    let key = PEM.replace("CERTIFICATE", "PRIVATE KEY");
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    for bad in ["", "root:x:0:0", empty, &key, &format!("{key}{PEM}"), &format!("{PEM}{PEM}")] {
        assert!(!is_certificate(bad), "{bad}");
    }
}
