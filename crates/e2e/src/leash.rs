//! Cleaning up whatever happens: a shell that acts when the test ends, is killed, or panics.

use std::ffi::OsStr;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Command, Stdio};

/// A shell script that runs when this value is dropped, or when this whole process is gone.
///
/// The script waits on a pipe whose other end only this process holds; so it runs after `kill -9`
/// too, when no destructor does.
#[derive(Debug)]
pub struct Leash {
    shell: Child,
    /// Held open for as long as the script shall wait.
    pipe: Option<ChildStdin>,
}

impl Leash {
    /// Will run `script` with `arguments` as `$1` and so on.
    pub fn new<S: AsRef<OsStr>>(script: &str, arguments: impl IntoIterator<Item = S>) -> Self {
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(format!("if read -r _; then exit 0; fi\n{script}"))
            .arg("leash")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let pipe = shell.stdin.take();
        Self { shell, pipe }
    }

    /// Kills a process in the end. [`Leash::release`] it once the process is gone, for its number
    /// may then become another's.
    pub fn kill(process: &Child) -> Self {
        Self::new("kill -KILL \"$1\"", [process.id().to_string()])
    }

    /// There is nothing left to clean up: the script will not run.
    pub fn release(mut self) {
        if let Some(pipe) = &mut self.pipe {
            pipe.write_all(b"released\n").expect("the leash is listening");
        }
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        self.pipe.take();
        // The shell ends by itself now. Nothing can be done about one that cannot be waited for.
        let _ = self.shell.wait();
    }
}
