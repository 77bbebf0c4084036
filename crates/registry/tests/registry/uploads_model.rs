//! Uploads against a model: whatever a client does and whenever the server dies, what was
//! acknowledged is kept, and the blob is what was sent.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use wharfinger_blobs::SEGMENT_BYTES;
use wharfinger_core::{Digest, UploadId};
use wharfinger_registry::Error;

use super::fixture::{Fixture, digest_of, permit_for};

#[derive(Clone, Debug)]
enum Step {
    /// A chunk that goes on, with its place or without.
    Append {
        bytes: usize,
        placed: bool,
    },
    /// A chunk whose connection breaks after so many bytes.
    Break {
        bytes: usize,
    },
    /// A chunk at another place than where the upload is.
    Misplace {
        by: u64,
    },
    /// The last chunk again, as by a client that got no answer.
    Repeat,
    /// The server is killed while so many bytes come in, so many steps after the last one.
    Kill {
        bytes: usize,
        steps: usize,
    },
    Restart,
    Complete,
    CompleteWrongly,
    Cancel,
    Reclaim,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![0..10_usize, 60_000..70_000_usize, 500_000..800_000_usize];
    prop_oneof![
        4 => (bytes.clone(), any::<bool>()).prop_map(|(bytes, placed)| Step::Append { bytes, placed }),
        2 => bytes.clone().prop_map(|bytes| Step::Break { bytes }),
        1 => (1..100_u64).prop_map(|by| Step::Misplace { by }),
        1 => Just(Step::Repeat),
        2 => (bytes, 0..30_usize).prop_map(|(bytes, steps)| Step::Kill { bytes, steps }),
        1 => Just(Step::Restart),
        2 => Just(Step::Complete),
        1 => Just(Step::CompleteWrongly),
        1 => Just(Step::Cancel),
        1 => Just(Step::Reclaim),
    ]
}

struct Model {
    fixture: Option<Fixture>,
    process: Option<Runtime>,
    upload: UploadId,
    /// What the upload must have.
    kept: Vec<u8>,
    /// Where the last chunk began.
    last_first_byte: usize,
    /// What was completed.
    blobs: BTreeSet<Vec<u8>>,
    /// Makes each byte another than those before.
    sent: usize,
}

fn process() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

impl Model {
    fn new() -> Self {
        let process = process();
        let fixture = process.block_on(Fixture::with_repository("MUTABLE"));
        let upload = process.block_on(fixture.begin("app"));
        Self {
            fixture: Some(fixture),
            process: Some(process),
            upload,
            kept: Vec::new(),
            last_first_byte: 0,
            blobs: BTreeSet::new(),
            sent: 0,
        }
    }

    fn fixture(&self) -> &Fixture {
        self.fixture.as_ref().unwrap()
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.process.as_ref().unwrap().block_on(work)
    }

    fn restart(&mut self) {
        drop(self.process.take());
        self.fixture = self.fixture.take().map(Fixture::restarted);
        self.process = Some(process());
    }

    fn begin(&mut self) {
        self.upload = self.run(self.fixture().begin("app"));
        self.kept.clear();
        self.last_first_byte = 0;
    }

    fn more(&mut self, bytes: usize) -> Vec<u8> {
        let from = self.sent;
        self.sent += bytes;
        (from..from + bytes).map(|at| (at / 3 + at / 251) as u8).collect()
    }

    fn append(&self, first_byte: Option<u64>, bytes: &[u8]) -> Result<u64, Error> {
        self.run(self.fixture().append("app", self.upload, first_byte, bytes))
    }

    fn complete(&self, digest: Digest) -> Result<(), Error> {
        self.run(self.fixture().complete("app", self.upload, digest))
    }

    fn step(&mut self, step: &Step) {
        let here = self.kept.len() as u64;
        match *step {
            Step::Append { bytes, placed } => {
                let chunk = self.more(bytes);
                let received = self.append(placed.then_some(here), &chunk).unwrap();
                self.last_first_byte = self.kept.len();
                self.kept.extend(chunk);
                assert_eq!(received, self.kept.len() as u64);
            }
            Step::Break { bytes } => {
                let chunk = self.more(bytes);
                self.send_broken(&chunk);
                self.last_first_byte = self.kept.len();
                self.kept.extend(chunk);
            }
            Step::Misplace { by } => self.refuse(here + by),
            Step::Repeat if self.last_first_byte as u64 != here => {
                self.refuse(self.last_first_byte as u64);
            }
            Step::Repeat => {}
            Step::Kill { bytes, steps } => {
                let chunk = self.more(bytes);
                self.kill_while_sending(&chunk, steps);
            }
            Step::Restart => self.restart(),
            Step::Complete => self.complete_and_read(),
            Step::CompleteWrongly => {
                let refused = self.complete(digest_of(b"other bytes"));
                assert!(matches!(refused, Err(Error::InvalidLayer { .. })), "{refused:?}");
            }
            Step::Cancel => {
                let (permit, upload) = (permit_for("app"), self.upload);
                let cancel = || self.fixture().registry.cancel_layer_upload(&permit, upload);
                self.run(cancel()).unwrap();
                let again = self.run(cancel());
                assert!(matches!(again, Err(Error::UploadNotFound { .. })), "{again:?}");
                self.begin();
            }
            Step::Reclaim => {
                let report = self.run(self.fixture().registry.collect_garbage()).unwrap();
                assert_eq!(report.uploads, 0);
            }
        }
        self.check_status();
    }

    fn check_status(&self) {
        let (permit, registry) = (permit_for("app"), &self.fixture().registry);
        let status = self.run(registry.upload_status(&permit, self.upload)).unwrap();
        assert_eq!(status.received_bytes, self.kept.len() as u64);
    }

    fn refuse(&self, first_byte: u64) {
        let refused = self.append(Some(first_byte), b"misplaced").unwrap_err();
        let Error::InvalidLayerPart { last_valid_byte_received, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(last_valid_byte_received, self.kept.len() as i64 - 1);
    }

    fn send_broken(&self, chunk: &[u8]) {
        let piece = Ok(Bytes::copy_from_slice(chunk));
        let body = stream::iter([piece, Err("the connection was reset".into())]);
        let (permit, registry) = (permit_for("app"), &self.fixture().registry);
        let broken = self.run(registry.append_to_upload(&permit, self.upload, None, body));
        assert!(matches!(broken, Err(Error::BodyInterrupted(_))), "{broken:?}");
    }

    /// Nothing of a request of this length is acknowledged before its end, and nothing is kept.
    fn kill_while_sending(&mut self, chunk: &[u8], steps: usize) {
        let pieces: Vec<_> =
            chunk.chunks(50_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let (taken, all_taken) = oneshot::channel();
        let end = stream::once(async move {
            let _ = taken.send(());
            std::future::pending().await
        });
        let body = stream::iter(pieces).chain(end);
        let (permit, fixture) = (permit_for("app"), self.fixture());
        self.run(async {
            let sending = fixture.registry.append_to_upload(&permit, self.upload, None, body);
            let waiting = async {
                all_taken.await.unwrap();
                for _ in 0..steps {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                sent = sending => panic!("it does not end: {sent:?}"),
                () = waiting => {}
            }
        });
        self.restart();
    }

    fn complete_and_read(&mut self) {
        let digest = digest_of(&self.kept);
        let outcome = self.complete(digest);
        let existed = self.blobs.contains(&self.kept);
        match outcome {
            Ok(()) => assert!(!existed),
            Err(Error::LayerAlreadyExists { .. }) => assert!(existed),
            Err(error) => panic!("{error:?}"),
        }
        let again = self.complete(digest);
        assert!(matches!(again, Err(Error::UploadNotFound { .. })), "{again:?}");
        let parts: Vec<Bytes> = self.run(async {
            let permit = permit_for("app");
            let blob = self.fixture().registry.open_blob(&permit, digest).await.unwrap();
            blob.read_all().try_collect().await.unwrap()
        });
        assert!(parts.concat() == self.kept, "the blob is not what was sent");
        self.blobs.insert(std::mem::take(&mut self.kept));
        self.begin();
    }

    /// Once everything is over no object is left but those of blobs.
    fn end(&mut self) {
        self.complete_and_read();
        // A small blob is a row.
        let files = self.blobs.iter().filter(|blob| blob.len() > SEGMENT_BYTES).count();
        let fixture = self.fixture();
        self.run(async {
            fixture.clock.advance(Duration::from_secs(86_401));
            assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 1);
            let only_blobs = async {
                while fixture.objects().len() > files {
                    tokio::task::yield_now().await;
                }
                fixture.registry.uploads_settled().await;
            };
            tokio::time::timeout(Duration::from_secs(20), only_blobs).await.unwrap();
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_acknowledged_is_kept_and_the_blob_is_what_was_sent(
        steps in proptest::collection::vec(step(), 1..20)
    ) {
        let mut model = Model::new();
        for step in &steps {
            model.step(step);
        }
        model.end();
    }
}
