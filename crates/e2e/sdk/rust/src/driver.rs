//! The client that tells the story. Every answer passes by here: what operations were driven is
//! noted, and what the types of the SDK promise is held against what it made of the answer.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_ecr::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecr::primitives::DateTime;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

/// The operations that succeeded, and those that answered an error of their own.
#[derive(Clone, Debug, Default)]
pub struct Driven(Arc<Mutex<BTreeSet<String>>>);

/// A client as the environment has it, and what it drives.
pub async fn client() -> (Client, Driven) {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let shared = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        // What fails, fails the test.
        .retry_config(RetryConfig::disabled())
        .load()
        .await;
    let driven = Driven::default();
    let config = aws_sdk_ecr::config::Builder::from(&shared).interceptor(driven.clone()).build();
    (Client::from_conf(config), driven)
}

impl Driven {
    /// Their names.
    pub fn operations(&self) -> BTreeSet<String> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

impl Intercept for Driven {
    fn name(&self) -> &'static str {
        "driven"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let operation = config.load::<Metadata>().expect("an operation has a name").name();
        let status = context.response().map(|response| response.status().as_u16());
        let (told, expected, unknown) = match context.output_or_error() {
            // What an enumeration does not know is kept as text.
            Some(Ok(output)) => (format!("{output:?}"), 200, "Unknown("),
            // What the operation cannot answer by its model is not handled.
            Some(Err(error)) => (format!("{error:?}"), 400, "Unhandled("),
            None => return Err(format!("{operation} was not answered").into()),
        };
        if status != Some(expected) || told.contains(unknown) {
            return Err(format!("{operation}: {status:?} {told}").into());
        }
        self.0.lock().expect("nobody panicked").insert(operation.to_owned());
        Ok(())
    }
}

/// A time of today.
#[track_caller]
pub fn assert_recent(time: Option<&DateTime>) {
    let time = SystemTime::try_from(*time.expect("a time")).expect("a time of this era");
    let now = SystemTime::now();
    let distance = now.duration_since(time).unwrap_or_else(|ahead| ahead.duration());
    assert!(distance.as_secs() < 24 * 3600, "{time:?}");
}

/// Sends what must end with this error of the model, and answers the error.
macro_rules! refused {
    ($kind:ident, $call:expr) => {
        match $call.send().await.map_err(aws_sdk_ecr::Error::from) {
            Err(aws_sdk_ecr::Error::$kind(error)) => {
                assert!(error.message().is_some_and(|text| !text.is_empty()), "{error:?}");
                error
            }
            other => panic!("{} expected: {other:?}", stringify!($kind)),
        }
    };
}
pub(crate) use refused;
