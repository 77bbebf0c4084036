//! Makes a run repeatable: futures are polled one at a time, and the two threads that work for them
//! (the metadata's writer, and the one that may block) are held up while anything is polled.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use wharfinger_metadata::{Metadata, MetadataError};

/// A runtime and the threads behind it.
pub struct Machine {
    /// Dropped first: the end of the others waits for the threads.
    plugs: Option<[Plug; 2]>,
    runtime: Runtime,
    metadata: Metadata,
}

/// A thread that is held up until this is dropped.
struct Plug {
    _release: Sender<()>,
}

impl Plug {
    /// What the thread is to do: it says that it is there, and waits.
    fn new() -> (Self, Receiver<()>, impl FnOnce() + Send + 'static) {
        let (release, released) = channel();
        let (says, said) = channel();
        let work = move || {
            let _ = says.send(());
            // An error says that the plug is gone.
            let _ = released.recv();
        };
        (Self { _release: release }, said, work)
    }
}

impl Machine {
    pub fn new(metadata: Metadata) -> Self {
        let mut runtime = Builder::new_current_thread();
        runtime.enable_time().start_paused(true).max_blocking_threads(1);
        // One task of the background for each look at it.
        runtime.event_interval(1).thread_keep_alive(Duration::from_secs(600));
        let mut machine = Self { plugs: None, runtime: runtime.build().unwrap(), metadata };
        machine.plug();
        machine
    }

    /// Polls a future once.
    pub fn poll<T>(&self, future: &mut Pin<Box<dyn Future<Output = T>>>) -> Option<T> {
        let once = std::future::poll_fn(|context| {
            Poll::Ready(match future.as_mut().poll(context) {
                Poll::Ready(value) => Some(value),
                Poll::Pending => None,
            })
        });
        self.runtime.block_on(once)
    }

    /// Has a task of the background go on that can.
    pub fn background(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }

    /// Lets time pass for whoever waits for it.
    pub fn wait(&self, time: Duration) {
        self.runtime.block_on(tokio::time::advance(time));
    }

    /// Has the threads do all that they were given.
    pub fn settle(&mut self) {
        self.drain();
        self.plug();
    }

    /// A future to its end, and the background with it.
    pub fn finish<T>(&mut self, mut future: Pin<Box<dyn Future<Output = T>>>) -> T {
        for turn in 0_u32.. {
            if let Some(value) = self.poll(&mut future) {
                return value;
            }
            for _ in 0..4 {
                self.background();
            }
            self.settle();
            assert!(turn < 100_000, "it does not end");
            if turn % 64 == 63 {
                self.wait(Duration::from_millis(20));
            }
        }
        unreachable!("it ends above")
    }

    /// The end of the process, after the threads have done what they were given.
    pub fn stop(mut self) {
        self.drain();
    }

    /// One after the other, so that what they wake is woken in one order.
    fn drain(&mut self) {
        let Some([writer, blocking]) = self.plugs.take() else { return };
        drop(writer);
        let nothing =
            self.metadata.write(|_| Box::pin(async { Err::<(), _>(MetadataError::Closed) }));
        let _ = block_on(nothing);
        drop(blocking);
        let (says, said) = channel();
        self.runtime.spawn_blocking(move || says.send(()));
        said.recv().unwrap();
    }

    fn plug(&mut self) {
        let (writer, at_writer, work) = Plug::new();
        let mut plugged = Box::pin(self.metadata.write(|_| {
            Box::pin(async move {
                work();
                Err::<(), _>(MetadataError::Closed)
            })
        }));
        // Sent by the first poll; nobody wants the answer.
        let sent = plugged.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(sent.is_pending());
        at_writer.recv().unwrap();
        let (blocking, at_blocking, work) = Plug::new();
        self.runtime.spawn_blocking(work);
        at_blocking.recv().unwrap();
        self.plugs = Some([writer, blocking]);
    }
}

/// Runs a future that needs no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
