//! Structured logs on standard error.

use std::borrow::Cow;
use std::io::{self, Write};

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
    let builder = fmt().with_env_filter(filter).with_writer(|| OneLine(io::stderr()));
    let started = match settings.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|_| LogError::Started)
}

/// A writer of whole events, each of which stays one line: what a client sent may be in it, and
/// must neither begin a line of its own nor speak to a terminal.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // Nearly all of them are one line as they are.
        let visible = event.strip_suffix(b"\n").unwrap_or(event);
        if visible.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return self.0.write_all(event).map(|()| event.len());
        }
        let (text, end) = match event.split_last() {
            Some((b'\n', text)) => (text, "\n"),
            _ => (event, ""),
        };
        let line = [one_line(&String::from_utf8_lossy(text)).as_bytes(), end.as_bytes()].concat();
        self.0.write_all(&line).map(|()| event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text with its control characters written out.
fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let mut log = OneLine(Vec::new());
        log.write_all("error=x\r\n2026 INFO forged\u{1b}[31m\u{9b}1m \"ü\"\n".as_bytes()).unwrap();
        log.write_all(b"next\n").unwrap();
        let expected = "error=x\\r\\n2026 INFO forged\\u{1b}[31m\\u{9b}1m \"ü\"\nnext\n";
        assert_eq!(String::from_utf8(log.0).unwrap(), expected);
    }

    #[test]
    fn a_bad_filter_is_named() {
        let settings = LogSettings { filter: "info,=nothing=".into(), format: LogFormat::Text };
        let error = start_log(&settings).unwrap_err();
        assert!(error.to_string().contains("info,=nothing="), "{error}");
    }
}
