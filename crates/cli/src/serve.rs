//! `wharfinger serve`

use anyhow::Context;
use wharfinger_server::{Config, Server, Shutdown, start_log};

use crate::arguments::ServeArguments;
use crate::{environment, print, shell};

/// Serves until a signal says stop.
pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<()> {
    let config = arguments.resolve()?;
    start_log(&config.log)?;
    let shutdown = Shutdown::on_signals().context("signals cannot be received")?;
    let server = Server::start(config.clone()).await?;
    // A server whose output is closed serves all the same.
    let _ = print::line(&greeting(&config, &server)?);
    Ok(server.run(shutdown).await?)
}

/// Where the server is, where its data is, and what to do next.
fn greeting(config: &Config, server: &Server) -> anyhow::Result<String> {
    let facts = server.running();
    let directory = server.installation().directory();
    let data_dir = std::path::absolute(directory.path())?;
    let program = std::env::current_exe()?.display().to_string();
    let mut env = format!("{} env", shell::word(&program));
    if Some(&config.data_dir) != environment::data_dir_default().as_ref() {
        env = format!("{env} --data-dir {}", shell::word(&data_dir.display().to_string()));
    }
    let key = if server.installation().has_new_root_key() {
        format!(
            "A root access key was made; {} keeps it, readable by you alone.\n",
            data_dir.join("credentials").display()
        )
    } else {
        String::new()
    };
    let trust = if facts.ca_certificate.is_some() {
        format!(
            "Its certificates are those of its own CA. To have this machine trust it:\n\
             \n\
             \x20 sudo {} trust --data-dir {}\n\
             \n",
            shell::word(&program),
            shell::word(&data_dir.display().to_string())
        )
    } else {
        String::new()
    };
    Ok(format!(
        "Wharfinger {} listens on {} (account {}, region {}).\n\
         Its data is in {}.\n\
         {key}\n\
         {trust}\
         In another shell:\n\
         \n\
         \x20 eval \"$({env})\"\n\
         \x20 aws ecr create-repository --repository-name my-app\n\
         \x20 aws ecr get-login-password | docker login --username AWS --password-stdin {}\n",
        facts.version,
        facts.endpoint_url,
        facts.account,
        facts.region,
        data_dir.display(),
        server.registry_host(),
    ))
}
