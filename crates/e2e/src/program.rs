//! Running a client to its end, within bounded time, and judging what it said.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::leash::Leash;
use crate::wait;

/// A client that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// How a program ended, and what it said.
pub struct Outcome {
    /// What was run.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a command to its end. Panics if it cannot be started, or hangs.
pub fn run(command: &mut Command) -> Outcome {
    let text = text(command);
    // Files, for a pipe that nobody reads would fill up and stop the program.
    let (mut stdout, mut stderr) = (scratch_file(), scratch_file());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().expect("a file can be shared"))
        .stderr(stderr.try_clone().expect("a file can be shared"))
        .spawn()
        .unwrap_or_else(|error| panic!("{text} cannot be started: {error}"));
    let leash = Leash::kill(&child);
    let status = wait::poll(LIMIT, || child.try_wait().expect("a child can be waited for"));
    let read = |file: &mut File| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))
            .and_then(|_| file.read_to_end(&mut bytes))
            .expect("is a file");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (stdout, stderr) = (read(&mut stdout), read(&mut stderr));
    let Some(status) = status else {
        panic!("{text} hangs\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
    };
    leash.release();
    Outcome { command: text, status, stdout, stderr }
}

/// The command as it would be typed. Its environment holds secrets, and is not shown.
fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn scratch_file() -> File {
    tempfile::tempfile().expect("a temporary file can be made")
}

impl Outcome {
    /// What a program printed that must succeed, without the white space around it.
    #[track_caller]
    pub fn success(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout.trim().to_owned()
    }

    /// What a program said, on either output, that must fail.
    #[track_caller]
    pub fn failure(self) -> String {
        assert!(!self.status.success(), "should have failed: {self:?}");
        self.said()
    }

    /// Whether it ended well.
    pub fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, status, stdout, stderr } = self;
        write!(f, "{command}\n{status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
