//! This server: how it is started, logged in to, and filled with rows.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use wharfinger_core::RegistryId;

use super::{CertificateFiles, REPOSITORY, Registry, Started};
use crate::api::{Credentials, call};

/// The account of this server.
const ACCOUNT: &str = "111122223333";
/// The IAM user that pulls, and what it may do.
const USER: &str = "puller";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
{"Effect":"Allow","Action":"ecr:GetAuthorizationToken","Resource":"*"},
{"Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],
 "Resource":"arn:aws:ecr:*:111122223333:repository/bench/*"}]}"#;

/// How it is started.
pub fn command(
    binary: &Path,
    folder: &Path,
    address: SocketAddr,
    certificate: Option<&CertificateFiles>,
) -> Command {
    let mut command = Command::new(binary);
    command.arg("serve").arg("--data-dir").arg(folder.join("data"));
    command.arg("--listen").arg(address.to_string()).arg("--account-id").arg(ACCOUNT);
    if let Some(CertificateFiles { cert, key }) = certificate {
        command.arg("--tls").arg("files").arg("--tls-cert").arg(cert).arg("--tls-key").arg(key);
    }
    command
}

/// Makes the repository and logs in as the root of the account.
pub fn log_in(registry: &mut Registry) -> Result<()> {
    let credentials = access_key(registry)?;
    let name = json!({ "repositoryName": REPOSITORY });
    call(&mut registry.anonymous()?, &credentials, "CreateRepository", &name)?;
    registry.authorization = Some(token(registry, &credentials)?);
    Ok(())
}

/// Makes an IAM user who may pull, logs in as that user, and answers what a client sends.
///
/// # Errors
/// If the command line of the program refuses.
pub fn user_login(registry: &Registry) -> Result<String> {
    let policy = registry.folder.path().join("policy.json");
    std::fs::write(&policy, POLICY)?;
    let created = ["user", "create", USER, "--json", "--policy"].map(Path::new);
    run(registry, created.into_iter().chain([policy.as_path()]))?;
    let text = run(registry, ["key", "create", USER, "--json"].map(Path::new))?;
    let key: Value = serde_json::from_str(&text)?;
    let member = |name: &str| {
        let value = key[name].as_str().with_context(|| format!("no {name} in {key}"))?;
        Ok::<_, anyhow::Error>(value.to_owned())
    };
    let credentials = Credentials {
        access_key_id: member("access_key_id")?,
        secret_access_key: member("secret_access_key")?,
        region: access_key(registry)?.region,
    };
    token(registry, &credentials)
}

/// The root key.
///
/// # Errors
/// If the program does not print it.
pub fn access_key(registry: &Registry) -> Result<Credentials> {
    let text = run(registry, ["env"].map(Path::new))?;
    let value = |name: &str| {
        let prefix = format!("export {name}=");
        let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
        let line = line.with_context(|| format!("`wharfinger env` prints no {name}"))?;
        Ok::<_, anyhow::Error>(line.trim_matches('\'').trim_matches('"').to_owned())
    };
    Ok(Credentials {
        access_key_id: value("AWS_ACCESS_KEY_ID")?,
        secret_access_key: value("AWS_SECRET_ACCESS_KEY")?,
        region: value("AWS_REGION")?,
    })
}

/// Ends the server, hands its database to `work`, and starts it again.
///
/// # Errors
/// If `work` fails, or the server does not become ready.
pub fn restart_with_rows(
    registry: Registry,
    work: impl FnOnce(&Path, &RegistryId) -> Result<()>,
) -> Result<Registry> {
    restart_with_settings(registry, &[], work)
}

/// The same, and it starts with these variables in its environment.
///
/// # Errors
/// As [`restart_with_rows`].
pub fn restart_with_settings(
    registry: Registry,
    settings: &[(&str, &str)],
    work: impl FnOnce(&Path, &RegistryId) -> Result<()>,
) -> Result<Registry> {
    let id = RegistryId::new(ACCOUNT.parse()?, access_key(&registry)?.region.parse()?);
    let Registry { name, kind, process, tls, authorization, binary, folder, .. } = registry;
    drop(process);
    work(&folder.path().join("data").join("metadata.db"), &id)?;
    ensure!(tls.is_none(), "a server that is filled speaks plain HTTP");
    let command = |address| {
        let mut command = command(&binary, folder.path(), address, None);
        command.envs(settings.iter().copied());
        Ok(command)
    };
    let Started { process, address, ready_after } = Started::spawn(kind, command, None)?;
    Ok(Registry { name, kind, process, address, ready_after, tls, authorization, binary, folder })
}

fn token(registry: &Registry, credentials: &Credentials) -> Result<String> {
    let mut client = registry.anonymous()?;
    let answer = call(&mut client, credentials, "GetAuthorizationToken", &json!({}))?;
    let token = answer["authorizationData"][0]["authorizationToken"].as_str();
    Ok(format!("Basic {}", token.context("no token")?))
}

/// Runs a command of the program about its data directory.
fn run<'a>(registry: &Registry, arguments: impl IntoIterator<Item = &'a Path>) -> Result<String> {
    let mut command = Command::new(&registry.binary);
    let output = command.args(arguments).arg("--data-dir").arg(registry.data_dir()).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {stderr}");
    Ok(String::from_utf8(output.stdout)?)
}
