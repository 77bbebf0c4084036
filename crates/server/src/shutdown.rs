//! The two steps of an end: first finish what is in flight, then stop at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells everything that runs when to finish and when to stop. Clones speak of the same end.
#[derive(Clone, Debug)]
pub struct Shutdown {
    phase: watch::Sender<Phase>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Phase {
    Serving,
    Draining,
    Ended,
}

impl Shutdown {
    /// An end that comes when [`begin`](Self::begin) is called.
    #[expect(clippy::new_without_default, reason = "an end is made on purpose, not by default")]
    pub fn new() -> Self {
        Self { phase: watch::Sender::new(Phase::Serving) }
    }

    /// An end that begins with the first SIGTERM or SIGINT; the second one ends it at once.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let told = shutdown.clone();
        tokio::spawn(async move {
            for step in [Phase::Draining, Phase::Ended] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                told.advance(step);
            }
        });
        Ok(shutdown)
    }

    /// Accept nothing new; finish what is in flight.
    pub fn begin(&self) {
        self.advance(Phase::Draining);
    }

    /// Stop at once.
    pub fn end(&self) {
        self.advance(Phase::Ended);
    }

    /// Waits until [`begin`](Self::begin) or [`end`](Self::end) is called.
    pub async fn begun(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until [`end`](Self::end) is called.
    pub async fn ended(&self) {
        self.reached(Phase::Ended).await;
    }

    fn advance(&self, step: Phase) {
        self.phase.send_if_modified(|phase| {
            let later = step > *phase;
            *phase = step.max(*phase);
            later
        });
    }

    async fn reached(&self, step: Phase) {
        let mut phase = self.phase.subscribe();
        // `self` holds a sender, so the channel cannot close meanwhile.
        let _ = phase.wait_for(|phase| *phase >= step).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn an_end_goes_forward_only() {
        let shutdown = Shutdown::new();
        assert!(shutdown.begun().now_or_never().is_none());
        shutdown.begin();
        assert!(shutdown.clone().begun().now_or_never().is_some());
        assert!(shutdown.ended().now_or_never().is_none());
        shutdown.end();
        shutdown.begin();
        assert!(shutdown.ended().now_or_never().is_some());
        assert!(shutdown.begun().now_or_never().is_some());
    }
}
