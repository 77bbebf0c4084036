//! A server on this machine for tests: files with versions, and a registry with uploads.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What is served, and what was asked.
#[derive(Default)]
pub(super) struct Content {
    /// By path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The next answer of a path breaks off after so many bytes; of a `PATCH`, its body.
    pub(super) cut: BTreeMap<String, usize>,
    /// Who may enter; everybody if none.
    pub(super) authorization: Option<String>,
    /// `GET /path 200`.
    pub(super) log: Vec<String>,
    upload: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Loopback {
    pub(super) address: String,
    pub(super) content: Arc<Mutex<Content>>,
}

struct Asked {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Loopback {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let content = Arc::new(Mutex::new(Content::default()));
        let served = Arc::clone(&content);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                answer(&stream, &mut served.lock().unwrap());
            }
        });
        Self { address, content }
    }

    pub(super) fn put(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.content.lock().unwrap().files.insert(path.into(), content.into());
    }

    /// What was asked since this was called last.
    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.content.lock().unwrap().log)
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body })
}

fn answer(mut stream: &TcpStream, content: &mut Content) {
    let Some(asked) = read(stream) else { return };
    if asked.method == "PATCH"
        && let Some(count) = content.cut.remove(&asked.path)
    {
        content.upload.extend(&asked.body[..count]);
        return;
    }
    let header = |name: &str| asked.headers.get(name).map(String::as_str);
    let (mut status, mut headers, mut body) = (404, String::new(), Vec::new());
    if content.authorization.as_deref().is_some_and(|it| header("authorization") != Some(it)) {
        status = 401;
        headers = "WWW-Authenticate: Basic realm=\"x\"\r\n".into();
    } else if let Some(done) = registry(&asked, content) {
        (status, headers) = done;
    } else if let Some(file) = content.files.get(&asked.path) {
        let sum =
            file.iter().fold(7_u32, |sum, it| sum.wrapping_mul(31).wrapping_add((*it).into()));
        let etag = format!("\"{sum}\"");
        headers = format!("ETag: {etag}\r\n");
        let from = header("range").and_then(|it| it.strip_prefix("bytes=")?.strip_suffix('-'));
        let from = from.and_then(|it| it.parse::<usize>().ok());
        let from = from.filter(|_| header("if-range") == Some(etag.as_str()));
        match from {
            _ if header("if-none-match") == Some(etag.as_str()) => status = 304,
            Some(from) if from >= file.len() => {
                status = 416;
                headers += &format!("Content-Range: bytes */{}\r\n", file.len());
            }
            Some(from) => {
                status = 206;
                headers +=
                    &format!("Content-Range: bytes {from}-{0}/{1}\r\n", file.len() - 1, file.len());
                body = file[from..].to_vec();
            }
            None => (status, body) = (200, file.clone()),
        }
    }
    content.log.push(format!("{} {} {status}", asked.method, asked.path));
    let cut = content.cut.remove(&asked.path).unwrap_or(body.len()).min(body.len());
    let head = format!(
        "HTTP/1.1 {status} x\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // A client that has heard enough is gone.
    let _ = stream.write_all(head.as_bytes());
    if asked.method != "HEAD" {
        let _ = stream.write_all(&body[..cut]);
    }
}

/// Uploads and manifests.
fn registry(asked: &Asked, content: &mut Content) -> Option<(u16, String)> {
    let place = |path: &str| format!("Location: {path}\r\n");
    let path = asked.path.as_str();
    match asked.method.as_str() {
        "POST" => {
            content.upload.clear();
            Some((202, place(&format!("{path}1?state=a"))))
        }
        "GET" if path.contains("/uploads/") => {
            let last = content.upload.len().saturating_sub(1);
            Some((204, format!("{}Range: 0-{last}\r\n", place(path))))
        }
        "PATCH" => {
            let range =
                format!("{}-{}", content.upload.len(), content.upload.len() + asked.body.len() - 1);
            assert_eq!(asked.headers["content-range"], range);
            content.upload.extend(&asked.body);
            Some((202, place(path)))
        }
        "PUT" => {
            let (path, body) = match path.split_once("&digest=") {
                Some((path, digest)) => {
                    let (blobs, _) = path.split_once("uploads/").unwrap();
                    (format!("{blobs}{digest}"), std::mem::take(&mut content.upload))
                }
                None => (path.to_owned(), asked.body.clone()),
            };
            content.files.insert(path, body);
            Some((201, String::new()))
        }
        _ => None,
    }
}
