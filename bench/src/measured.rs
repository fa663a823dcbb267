//! What is a measurement made of? A server in a process of its own, and for each kind of request a line of figures.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::{self, Round, Stream};
use crate::server::{Certificates as ServerCertificates, Ready, TOKEN};
use crate::setup::{APP, Certificates, KEY, MERCHANT};
use crate::stats::{Figure, percentile};

/// How much is asked.
pub(crate) struct Load {
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

/// One line of a table.
pub(crate) struct Line {
    pub(crate) name: String,
    /// Requests a second in the latest round.
    pub(crate) latest: f64,
    pub(crate) per_second: Figure,
    pub(crate) server_us: Figure,
    /// Of a database beside it.
    pub(crate) database_us: Figure,
    p50_ms: Figure,
    p99_ms: Figure,
}

impl Line {
    pub(crate) fn new(name: impl Into<String>) -> Line {
        Line {
            name: name.into(),
            latest: f64::NAN,
            per_second: Figure::default(),
            server_us: Figure::default(),
            database_us: Figure::default(),
            p50_ms: Figure::default(),
            p99_ms: Figure::default(),
        }
    }

    /// Adds a round, and the server's processor time in seconds.
    pub(crate) fn add(&mut self, done: &Round, cpu: f64) {
        let count = done.latencies.len() as f64;
        self.latest = count / done.time.as_secs_f64();
        self.per_second.add(self.latest);
        self.server_us.add(cpu * 1e6 / count);
        self.p50_ms.add(percentile(&done.latencies, 0.50) / 1000.0);
        self.p99_ms.add(percentile(&done.latencies, 0.99) / 1000.0);
    }
}

/// The lines below a head; `what` is one request.
pub(crate) fn lines_table(what: &str, lines: &[Line]) -> String {
    let (rate, cpu) = (format!("{what}s/s"), format!("server CPU µs/{what}"));
    let mut out = format!("{:20} {rate:>28} {cpu:>22} {:>20} {:>20}", "", "p50 ms", "p99 ms");
    let has_database = lines.iter().any(|line| !line.database_us.median().is_nan());
    if has_database {
        let _ = write!(out, " {:>26}", format!("database CPU µs/{what}"));
    }
    out.push('\n');
    for line in lines {
        let _ = write!(
            out,
            "{:20} {:>28} {:>22} {:>20} {:>20}",
            line.name, line.per_second, line.server_us, line.p50_ms, line.p99_ms
        );
        if has_database {
            let _ = write!(out, " {:>26}", line.database_us);
        }
        out.push('\n');
    }
    out
}

/// A server, and its process.
pub(crate) struct Measured {
    child: Child,
    pub(crate) ready: Ready,
}

/// What a server keeps its rows in, or answers by.
pub(crate) enum Kind {
    /// Nothing is carried out.
    Null,
    /// A file.
    Sqlite,
    /// A database that several share; the first one brings merchant, app and money.
    Postgres { url: String, is_first: bool },
    /// A transaction a call, in this database, over so many connections.
    Plain { url: String, connections: usize },
}

impl Measured {
    pub(crate) async fn start(folder: &Path, kind: &Kind, certificates: &Certificates) -> anyhow::Result<Measured> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let file = folder.join(format!("{number}.db")).display().to_string();
        let (store, peer) = match kind {
            Kind::Null => (file, Some("null")),
            Kind::Sqlite => (file, None),
            Kind::Postgres { url, .. } => (url.clone(), None),
            Kind::Plain { url, .. } => (file, Some(url.as_str())),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("server").arg("--store").arg(store).arg("--log").arg(folder.join(format!("{number}.log")));
        if let Some(peer) = peer {
            command.arg("--peer").arg(peer);
        }
        if let Kind::Plain { connections, .. } = kind {
            command.arg("--connections").arg(connections.to_string());
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let told =
            ServerCertificates { authority: certificates.authority.clone(), server: certificates.server.clone() };
        let stdin = child.stdin.as_mut().context("a pipe")?;
        stdin.write_all((serde_json::to_string(&told)? + "\n").as_bytes()).await?;
        stdin.flush().await?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line).await?;
        let server = Measured { child, ready: serde_json::from_str(&line).context("the server did not start")? };
        if !matches!(kind, Kind::Postgres { is_first: false, .. }) {
            server.provision(&certificates.merchant.0, &certificates.app_public_key).await?;
        }
        Ok(server)
    }

    /// The merchant, without limits that would be in the way, the app, and money for everything.
    async fn provision(&self, certificate: &str, app_key: &str) -> anyhow::Result<()> {
        let merchant = json!({
            "name": "天虹百货",
            "keys": [{ "key": KEY }],
            "certificates": [{ "pem": certificate }],
            "limits": {
                "amount_min_fen": 1,
                "amount_max_fen": 1_000_000,
                "recipient_amount_per_day_fen": 1_000_000_000_000_i64,
                "packets_per_second": "unlimited",
                "packets_per_minute": "unlimited",
                "amount_per_day_fen": 1_000_000_000_000_i64,
            },
        });
        self.admin("PUT", &format!("/admin/merchants/{MERCHANT}"), &merchant).await?;
        let app = json!({ "merchants": [MERCHANT], "keys": [{ "id": "bench", "public_key_pem": app_key }] });
        self.admin("PUT", &format!("/admin/apps/{APP}"), &app).await?;
        let funds = json!({ "reference": "bench", "merchant_id": MERCHANT, "amount_fen": 1_000_000_000_000_i64 });
        self.admin("POST", "/admin/top-ups", &funds).await?;
        Ok(())
    }

    /// Sends each list of requests over a stream of its own; what it took, and the server's processor time in seconds.
    pub(crate) async fn run(
        &self,
        streams: Vec<Box<dyn Stream>>,
        requests: Vec<Vec<Vec<u8>>>,
        expected: &'static str,
    ) -> anyhow::Result<(Round, f64)> {
        let before = self.cpu_seconds()?;
        let done = client::run(streams, requests, expected).await?;
        Ok((done, self.cpu_seconds()? - before))
    }

    /// A benchmark that lost money along the way measured nothing.
    pub(crate) async fn audit(&self) -> anyhow::Result<()> {
        let report = self.admin("GET", "/admin/audit", &Value::Null).await?;
        anyhow::ensure!(report["is_clean"] == true, "the books do not balance: {report}");
        Ok(())
    }

    pub(crate) async fn admin(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = http.request(method.parse()?, format!("http://{}{path}", self.ready.admin)).bearer_auth(TOKEN);
        let reply = request.json(body).send().await?;
        let status = reply.status();
        let text = reply.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Processor time of the whole process so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        Ok(Stat::of(self.child.id().context("a running child")?)?.own_seconds)
    }

    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

/// What the system knows of a process (`/proc/PID/stat`).
pub(crate) struct Stat {
    pub(crate) parent: u32,
    /// Processor time of its own, in ticks of 10 ms.
    pub(crate) own_seconds: f64,
    /// Of its children that have ended.
    pub(crate) ended_seconds: f64,
}

impl Stat {
    pub(crate) fn of(pid: u32) -> anyhow::Result<Stat> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, rest) = stat.rsplit_once(')').context("a process's line")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let seconds = |at: usize| -> anyhow::Result<f64> {
            let ticks = fields[at].parse::<u64>()? + fields[at + 1].parse::<u64>()?;
            Ok(ticks as f64 / 100.0)
        };
        Ok(Stat { parent: fields[1].parse()?, own_seconds: seconds(11)?, ended_seconds: seconds(13)? })
    }
}
