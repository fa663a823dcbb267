//! Sends over HTTP: durable ones beside a null server, without TLS and over mTLS.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use hongbao_types::ApiKey;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use crate::client::{self, Way};
use crate::server::{Certificates as ServerCertificates, Ready, TOKEN};
use crate::setup::{APP, Certificates, KEY, MERCHANT, body};
use crate::stats::{Figure, percentile};

/// How much is sent.
pub(crate) struct Load {
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) connections: usize,
}

/// One line of the table.
struct Line {
    name: &'static str,
    is_null: bool,
    way: Way,
    /// Sends a second in the latest round.
    latest: f64,
    per_second: Figure,
    server_us: Figure,
    p50_ms: Figure,
    p99_ms: Figure,
}

#[tokio::main]
pub(crate) async fn run(load: &Load, folder: &Path) -> anyhow::Result<String> {
    let certificates = Certificates::generate()?;
    let (null, durable) =
        (Measured::start(folder, true, &certificates).await?, Measured::start(folder, false, &certificates).await?);
    let tls = client::mtls(&certificates)?;
    let line = |name, is_null, address, tls| Line {
        name,
        is_null,
        way: Way { address, tls },
        latest: f64::NAN,
        per_second: Figure::default(),
        server_us: Figure::default(),
        p50_ms: Figure::default(),
        p99_ms: Figure::default(),
    };
    let mut lines = [
        line("null, keep-alive", true, null.ready.plain, None),
        line("durable, keep-alive", false, durable.ready.plain, None),
        line("null, mTLS", true, null.ready.tls, Some(tls.clone())),
        line("durable, mTLS", false, durable.ready.tls, Some(tls)),
    ];
    let mut numbers = 0;
    let (mut plain, mut mtls) = (Figure::default(), Figure::default());
    for round in 0..=load.rounds {
        for line in &mut lines {
            let requests = requests(load, &mut numbers)?;
            let server = if line.is_null { &null } else { &durable };
            let streams = client::connect(&line.way, load.connections).await.with_context(|| line.name)?;
            let before = server.cpu_seconds()?;
            let done = client::run(streams, requests).await.with_context(|| line.name)?;
            let cpu = server.cpu_seconds()? - before;
            // The first round only warms up.
            if round > 0 {
                let count = done.latencies.len() as f64;
                line.latest = count / done.time.as_secs_f64();
                line.per_second.add(line.latest);
                line.server_us.add(cpu * 1e6 / count);
                line.p50_ms.add(percentile(&done.latencies, 0.50) / 1000.0);
                line.p99_ms.add(percentile(&done.latencies, 0.99) / 1000.0);
            }
        }
        if round > 0 {
            plain.add(lines[1].latest / lines[0].latest);
            mtls.add(lines[3].latest / lines[2].latest);
        }
    }
    null.stop().await?;
    durable.audit().await?;
    durable.stop().await?;
    table(load, &lines, [plain, mtls])
}

fn requests(load: &Load, numbers: &mut u64) -> anyhow::Result<Vec<Vec<Vec<u8>>>> {
    let key = ApiKey::try_new(KEY)?;
    let mut lists = vec![Vec::new(); load.connections];
    for i in 0..load.requests {
        *numbers += 1;
        // Numbers are drawn as a merchant's workers draw them: one after another, whoever is next.
        lists[i % load.connections].push(client::request(&body(*numbers, &key)));
    }
    Ok(lists)
}

fn table(load: &Load, lines: &[Line], ratios: [Figure; 2]) -> anyhow::Result<String> {
    let mut out = format!(
        "Sends over HTTP: {} connections, {} requests a round, {} rounds; a fresh store, ascending bill numbers, a person\n\
         of his own for each packet; the client on the same cores\n\n",
        load.connections, load.requests, load.rounds
    );
    writeln!(out, "{:20} {:>28} {:>22} {:>20} {:>20}", "", "sends/s", "server CPU µs/send", "p50 ms", "p99 ms")?;
    for line in lines {
        writeln!(
            out,
            "{:20} {:>28} {:>22} {:>20} {:>20}",
            line.name, line.per_second, line.server_us, line.p50_ms, line.p99_ms
        )?;
    }
    for (pair, ratio) in lines.chunks(2).zip(ratios) {
        let [null, durable] = pair else { continue };
        let cpu = null.server_us.median() / durable.server_us.median();
        writeln!(
            out,
            "{}: {ratio} of the null server's rate, round by round; by server CPU alone {cpu:.2}",
            durable.name
        )?;
    }
    Ok(out)
}

/// A server, and its process.
struct Measured {
    child: Child,
    ready: Ready,
}

impl Measured {
    async fn start(folder: &Path, is_null: bool, certificates: &Certificates) -> anyhow::Result<Measured> {
        let store = folder.join(if is_null { "null.db" } else { "durable.db" });
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("server").arg("--store").arg(store).args(is_null.then_some("--null"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let told =
            ServerCertificates { authority: certificates.authority.clone(), server: certificates.server.clone() };
        let stdin = child.stdin.as_mut().context("a pipe")?;
        stdin.write_all((serde_json::to_string(&told)? + "\n").as_bytes()).await?;
        stdin.flush().await?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line).await?;
        let server = Measured { child, ready: serde_json::from_str(&line).context("the server did not start")? };
        server.provision(&certificates.merchant.0).await?;
        Ok(server)
    }

    /// The merchant, without limits that would be in the way, the app, and money for everything.
    async fn provision(&self, certificate: &str) -> anyhow::Result<()> {
        let merchant = json!({
            "name": "天虹百货",
            "keys": [{ "key": KEY }],
            "certificates": [{ "pem": certificate }],
            "limits": {
                "packets_per_second": "unlimited",
                "packets_per_minute": "unlimited",
                "amount_per_day_fen": 1_000_000_000_000_i64,
            },
        });
        self.admin("PUT", &format!("/admin/merchants/{MERCHANT}"), &merchant).await?;
        self.admin("PUT", &format!("/admin/apps/{APP}"), &json!({ "merchants": [MERCHANT] })).await?;
        let funds = json!({ "reference": "bench", "merchant_id": MERCHANT, "amount_fen": 1_000_000_000_000_i64 });
        self.admin("POST", "/admin/top-ups", &funds).await?;
        Ok(())
    }

    /// A benchmark that lost money along the way measured nothing.
    async fn audit(&self) -> anyhow::Result<()> {
        let report = self.admin("GET", "/admin/audit", &Value::Null).await?;
        anyhow::ensure!(report["is_clean"] == true, "the books do not balance: {report}");
        Ok(())
    }

    async fn admin(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = http.request(method.parse()?, format!("http://{}{path}", self.ready.admin)).bearer_auth(TOKEN);
        let reply = request.json(body).send().await?;
        let status = reply.status();
        let text = reply.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Processor time of the whole process so far (`/proc/PID/stat`, in ticks of 10 ms).
    fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let pid = self.child.id().context("a running child")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (_, rest) = stat.rsplit_once(')').context("a process's line")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(ticks as f64 / 100.0)
    }

    async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait().await?;
        anyhow::ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
