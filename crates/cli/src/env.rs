//! `wharfinger env`: the exports a shell needs.

use anyhow::{Context, bail};
use wharfinger_server::{DataDir, client_url};

use crate::arguments::EnvArguments;
use crate::{print, shell};

/// Prints the exports for the server that uses the data directory. If none runs, they are those of
/// the server that the configuration would start, and a line on standard error says so.
pub(crate) fn run(arguments: EnvArguments) -> anyhow::Result<()> {
    let config = arguments.directory.resolve_with(arguments.address.settings())?;
    let directory = DataDir::new(&config.data_dir);
    let Some(credentials) = directory.credentials()? else {
        let path = config.data_dir.display();
        if directory.has_database() {
            bail!(
                "{path} has no credentials file any more; make a new root key with `wharfinger key \
                 create --root`"
            );
        }
        bail!("{path} holds no registry yet; start one with `wharfinger serve`");
    };
    let running = directory.running_server().context("the running server is not known")?;
    let (url, region) = match running {
        Some(server) => (server.endpoint_url, server.region),
        None => {
            let url = client_url(config.listen);
            print::error(&format!(
                "warning: no server runs on {}; {url} is where `wharfinger serve` would listen",
                config.data_dir.display()
            ));
            (url, config.region.to_string())
        }
    };
    for (name, value) in [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose()),
        ("AWS_DEFAULT_REGION", &region),
        ("AWS_REGION", &region),
    ] {
        print::line(&format!("export {name}={}", shell::word(value)))?;
    }
    // Each of them would take the place of the key or of the endpoint.
    print::line(
        "unset AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_PROFILE AWS_DEFAULT_PROFILE \
         AWS_ENDPOINT_URL_ECR AWS_ENDPOINT_URL_STS AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    )?;
    Ok(())
}
