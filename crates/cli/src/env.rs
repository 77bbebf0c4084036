//! `wharfinger env`: the exports a shell needs.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, bail};
use wharfinger_core::AccountId;
use wharfinger_server::trust::bundle_with;
use wharfinger_server::{Config, Credentials, DataDir, Installation, TlsConfig, client_url};

use crate::arguments::EnvArguments;
use crate::{print, shell};

/// Prints the exports for the server that uses the data directory. If none runs, they are those of
/// the server that the configuration would start, and a line on standard error says so.
pub(crate) async fn run(arguments: EnvArguments) -> anyhow::Result<()> {
    let place = &arguments.place;
    let config = place.directory.resolve_with(arguments.address.settings())?;
    let directory = DataDir::new(&config.data_dir);
    let credentials = match place.of_account {
        Some(account) => credentials_of(&config, &directory, account).await?,
        None => first_credentials(&config, &directory)?,
    };
    let running = directory.running_server().context("the running server is not known")?;
    let (url, region, ca) = match running {
        Some(server) => (server.endpoint_url, server.region, server.ca_certificate),
        None => {
            let url = client_url(config.tls.scheme(), config.listen);
            print::error(&format!(
                "warning: no server runs on {}; {url} is where `wharfinger serve` would listen",
                config.data_dir.display()
            ));
            let ca = directory.ca_certificate();
            let ca = matches!(config.tls, TlsConfig::Auto { .. }).then(|| absolute(ca));
            (url, config.region.to_string(), ca.transpose()?)
        }
    };
    let ca = match ca {
        Some(path) => Some(ca_bundle(&directory, path)?),
        None => None,
    };
    let endpoint = Some(url.as_str()).filter(|_| !arguments.aws_names);
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint),
        // The aws CLI and boto3 bring a list of CAs of their own.
        ("AWS_CA_BUNDLE", ca.as_deref()),
        ("AWS_ACCESS_KEY_ID", Some(&*credentials.access_key_id)),
        ("AWS_SECRET_ACCESS_KEY", Some(&**credentials.secret_access_key.expose())),
        ("AWS_DEFAULT_REGION", Some(&*region)),
        ("AWS_REGION", Some(&*region)),
    ] {
        if let Some(value) = value {
            print::line(&format!("export {name}={}", shell::word(value)))?;
        }
    }
    // Each of them would take the place of the key or of the endpoint.
    let endpoint = if arguments.aws_names { " AWS_ENDPOINT_URL" } else { "" };
    print::line(&format!(
        "unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE \
         AWS_ENDPOINT_URL_ECR AWS_ENDPOINT_URL_STS AWS_IGNORE_CONFIGURED_ENDPOINT_URLS{endpoint}"
    ))?;
    Ok(())
}

/// The root key of the first account.
fn first_credentials(config: &Config, directory: &DataDir) -> anyhow::Result<Credentials> {
    if let Some(credentials) = directory.credentials()? {
        return Ok(credentials);
    }
    let path = config.data_dir.display();
    if directory.has_database() {
        bail!(
            "{path} has no credentials file any more; make a new root key with `wharfinger key \
             create --root`"
        );
    }
    bail!("{path} holds no registry yet; start one with `wharfinger serve`")
}

/// The root key of the account that is named, which may be the first one.
async fn credentials_of(
    config: &Config,
    directory: &DataDir,
    account: AccountId,
) -> anyhow::Result<Credentials> {
    if let Some(credentials) = directory.account_credentials(&account)? {
        return Ok(credentials);
    }
    let installation = Installation::existing(config).await?;
    let account = installation.account_or_first(Some(account)).await?;
    installation.root_credentials(account)?.with_context(|| {
        format!(
            "the root key of account {account} is not kept in {}; make a new one with \
             `wharfinger account key {account}`",
            config.data_dir.display()
        )
    })
}

/// The file that clients with a list of CAs of their own are to use in its place. The system's is
/// for everybody to read, and knows other servers too.
fn ca_bundle(directory: &DataDir, ca: PathBuf) -> anyhow::Result<String> {
    let pem = directory.ca_certificate_pem()?;
    let bundle = pem.and_then(|pem| bundle_with(Path::new("/"), &pem));
    Ok(bundle.map_or_else(|| ca.display().to_string(), str::to_owned))
}
