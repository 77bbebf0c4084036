//! Who is known to a registry by what docker keeps: the configuration that `docker login` writes, and
//! the credential helpers that it names
//! (<https://github.com/docker/docker-credential-helpers/blob/master/README.md>).

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use wharfinger_core::Secret;

use crate::print;
use crate::scan::read_bounded;

/// Bytes of a configuration.
const CONFIG_BYTES_MAX: usize = 1 << 20;
/// The user of what is no password but a token of another kind.
const TOKEN_USER: &str = "<token>";

/// A user with a password.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
}

/// What a helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    username: String,
    secret: String,
}

/// Whom docker is logged in as at a host, by the configuration in `folder`. A helper that does not
/// answer is told of on standard error.
///
/// # Errors
/// If there is a configuration that cannot be read.
pub(super) fn of_docker(folder: &Path, host: &str) -> anyhow::Result<Option<Login>> {
    let path = folder.join("config.json");
    if !path.exists() {
        return Ok(None);
    }
    let config = read_bounded(&path, CONFIG_BYTES_MAX);
    let config = config.and_then(|text| Ok(serde_json::from_slice::<Config>(&text)?));
    let config = config.with_context(|| format!("{} cannot be read", path.display()))?;
    let helper = config.cred_helpers.get(host).unwrap_or(&config.creds_store);
    let login = if helper.is_empty() {
        config.auths.get(host).and_then(|it| decoded(&it.auth))
    } else {
        let asked = asked(helper, host);
        asked.unwrap_or_else(|error| {
            print::error(&format!("warning: docker-credential-{helper}: {error:#}"));
            None
        })
    };
    Ok(login.filter(|it| it.user != TOKEN_USER))
}

fn decoded(auth: &str) -> Option<Login> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0').to_owned();
    Some(Login { user: user.to_owned(), password: Secret::new(password) })
}

/// What a helper says; none if it does not know the host.
fn asked(helper: &str, host: &str) -> anyhow::Result<Option<Login>> {
    let is_name = helper.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
    ensure!(is_name, "this is no name of a program");
    answer_of(Command::new(format!("docker-credential-{helper}")).arg("get"), host)
}

fn answer_of(command: &mut Command, host: &str) -> anyhow::Result<Option<Login>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("it has no input")?;
    match input.write_all(host.as_bytes()) {
        // It says why it does not listen.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => drop(input),
    }
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        ensure!(said.contains("credentials not found"), "{}", said.trim());
        return Ok(None);
    }
    let kept: Kept = serde_json::from_slice(&output.stdout)?;
    Ok(Some(Login { user: kept.username, password: Secret::new(kept.secret) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(login: Option<Login>) -> Option<(String, String)> {
        login.map(|it| (it.user, it.password.expose().clone()))
    }

    #[test]
    fn what_docker_login_wrote_is_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(of_docker(folder.path(), "r.test").unwrap().is_none());
        let auth = |user: &str| STANDARD.encode(format!("{user}:pass:word"));
        let (aws, token) = (auth("AWS"), auth(TOKEN_USER));
        let config = format!(
            r#"{{"auths":{{"r.test":{{"auth":"{aws}"}},"t.test":{{"auth":"{token}"}},"e.test":{{}},
            "h.test":{{"auth":"{aws}"}}}},"credHelpers":{{"h.test":"../evil"}},"psFormat":"x"}}"#
        );
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let of = |host: &str| shown(of_docker(folder.path(), host).unwrap());
        assert_eq!(of("r.test"), Some(("AWS".into(), "pass:word".into())));
        for host in ["t.test", "e.test", "h.test", "absent.test"] {
            assert_eq!(of(host), None, "{host}");
        }
        std::fs::write(folder.path().join("config.json"), "[").unwrap();
        let error = of_docker(folder.path(), "r.test").unwrap_err();
        assert!(error.to_string().ends_with("config.json cannot be read"));
    }

    #[test]
    fn helpers_are_asked() {
        let ask =
            |script: &str| answer_of(Command::new("sh").args(["-c", script]), "r.test").map(shown);
        let found = ask(
            r#"read host; printf '{"ServerURL":"%s","Username":"AWS","Secret":"%s"}' "" "$host""#,
        );
        assert_eq!(found.unwrap(), Some(("AWS".into(), "r.test".into())));
        let none = ask("echo credentials not found in native keychain; exit 1");
        assert_eq!(none.unwrap(), None);
        assert_eq!(ask("echo no session; exit 1").unwrap_err().to_string(), "no session");
        assert!(ask("echo {}").is_err());
    }
}
