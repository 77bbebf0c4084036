//! Structured logs on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, LogSettings};

/// The HTTP/2 engine logs the headers it reads when it is asked for everything, and they carry
/// credentials; so it never is.
const HTTP_2_CAP: &str = "h2=info";

/// Logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error(
        "the log filter `{filter}` is not valid; an example is `info,wharfinger_registry=debug`"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something in this process has started logging already.
    #[error("logging was started twice")]
    Started,
}

/// Starts logging for the whole process: one line an event, on standard error.
pub fn start_log(settings: &LogSettings) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|source| LogError::Filter { filter: settings.filter.clone(), source })?
        .add_directive(HTTP_2_CAP.parse().expect("it is a directive"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_| LogError::Started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_named() {
        let settings = LogSettings { filter: "info,=nothing=".into(), format: LogFormat::Text };
        let error = start_log(&settings).unwrap_err();
        assert!(error.to_string().contains("info,=nothing="), "{error}");
    }
}
