//! What is left when the database fails over under load? Everything that was acknowledged, exactly once, and every fen.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hongbao::{ApiKey, Certainty, Client, ErrorCode, PacketId};
use hongbao_store_postgres::rig::Patroni;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::postgres::{API_KEY, APP, start, with_profile};
use crate::running::{Serve, field, folder, run};
use crate::senders::{FEN_EACH, request};

/// How many send at once, and how many open what they sent.
const SENDERS: u64 = 6;
const CLAIMERS: u64 = 3;
/// What comes in for the merchant.
const FUNDS_FEN: u64 = 1_000_000_000;
/// Far longer than a fail-over takes, on however slow a machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a client waits before it asks again, another node perhaps.
const PAUSE: Duration = Duration::from_millis(100);
/// So many acknowledged sends are load.
const SOME: usize = 100;

/// What the clients were told.
#[derive(Default)]
struct Told {
    /// When each send was acknowledged.
    acknowledged_at: Mutex<Vec<Instant>>,
    /// Bill number and packet.
    sent: Mutex<BTreeMap<String, PacketId>>,
    /// Packet, person and amount.
    opened: Mutex<BTreeMap<(PacketId, String), u64>>,
    /// What else they were told, and how often.
    errors: Mutex<BTreeMap<String, u32>>,
    is_over: AtomicBool,
}

impl Told {
    fn count(&self) -> usize {
        self.acknowledged_at.lock().unwrap().len()
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn error(&self, what: &str) {
        *self.errors.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    /// The longest time without an acknowledged send since then, the time until the first one after it at least.
    fn gap(&self, since: Instant) -> Duration {
        let times = self.acknowledged_at.lock().unwrap();
        let first = times.partition_point(|time| *time < since).saturating_sub(1);
        times[first..].windows(2).map(|pair| pair[1] - pair[0]).max().expect("sends, before and after")
    }
}

/// The nodes of the platform, whose clients go to whichever answers.
struct Nodes {
    folders: Vec<PathBuf>,
    urls: Vec<String>,
    _running: Vec<Serve>,
}

impl Nodes {
    fn start(home: &Path, store: &str, public_key: &str) -> Nodes {
        let folders = ["one", "two", "three"].map(|name| home.join(name)).to_vec();
        let running: Vec<Serve> = folders.iter().map(|folder| start(folder, store)).collect();
        let url = |node: &Serve| format!("http://{}", node.ready["plain"].as_str().expect("an address"));
        let urls = running.iter().map(url).collect();
        let first = &folders[0];
        std::fs::write(first.join("app.pem"), public_key).unwrap();
        with_profile(first, &["app", "add", APP, "--public-key", "app.pem", "--key-id", "app"]).succeeded();
        with_profile(first, &["merchant", "add", "10000098", "--key-file", "api_key.txt", "--app", APP]).succeeded();
        let limits = ["packets_per_second", "packets_per_minute", "amount_per_day_fen"];
        let limits = limits.map(|limit| format!("{limit}=unlimited"));
        let set = ["merchant", "set", "10000098", "--limit", &limits[0], "--limit", &limits[1], "--limit", &limits[2]];
        with_profile(first, &set).succeeded();
        with_profile(first, &["topup", "10000098", &FUNDS_FEN.to_string(), "--reference", "bank-1"]).succeeded();
        Nodes { folders, urls, _running: running }
    }

    fn clients(&self) -> Vec<Client> {
        let client = |url: &String| {
            let builder = Client::builder("10000098".parse().unwrap(), ApiKey::try_new(API_KEY).unwrap());
            builder.base_url(url).build().unwrap()
        };
        self.urls.iter().map(client).collect()
    }

    /// What the nodes complained of last.
    fn last_words(&self) -> String {
        let words = self.folders.iter().map(|folder| {
            let log = std::fs::read_to_string(folder.join("log.txt")).unwrap_or_default();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains("INFO")).collect();
            format!("== {}\n{}\n", folder.display(), lines[lines.len().saturating_sub(15)..].join("\n"))
        });
        words.collect()
    }
}

/// A merchant's machine: it sends one packet after another, each with the same number until it knows that it was sent.
async fn send_on_and_on(clients: Vec<Client>, sender: u64, told: Arc<Told>, to_open: mpsc::Sender<(PacketId, String)>) {
    let mut at = usize::try_from(sender).unwrap();
    for number in 0.. {
        if told.is_over() {
            return;
        }
        let bill_no = format!("over{sender}n{number}");
        let packet = settle(&clients, &mut at, &bill_no, &told).await;
        told.acknowledged_at.lock().unwrap().push(Instant::now());
        if number % 16 == 0 {
            // Somebody else knows nothing of it yet, or knows the same.
            at += 1;
            assert_eq!(settle(&clients, &mut at, &bill_no, &told).await, packet, "{bill_no} was sent twice");
        }
        assert_eq!(told.sent.lock().unwrap().insert(bill_no.clone(), packet.clone()), None);
        // Those who open can't keep up, or wait themselves: this one stays unopened.
        let _ = to_open.try_send((packet, request(&bill_no).recipient.to_string()));
    }
}

/// Sends until the answer is that it was sent, and to the next node whenever there was none or another.
async fn settle(clients: &[Client], at: &mut usize, bill_no: &str, told: &Told) -> PacketId {
    let start = Instant::now();
    let request = request(bill_no);
    loop {
        let error = match clients[*at % clients.len()].sendredpack(&request).await {
            Ok(sent) => return sent.packet,
            Err(error) => error,
        };
        match error.code() {
            // The same number again, say all of these. What may have moved is never called certain.
            Some(ErrorCode::SystemError | ErrorCode::Processing) => {
                assert_eq!(error.certainty(), Certainty::MayHaveMoved, "{error:?}");
            }
            Some(ErrorCode::FreqLimit) => {}
            code => panic!("{bill_no}: {code:?}: {error:?}"),
        }
        told.error(&format!("send {}", error.code().map_or("", ErrorCode::as_str)));
        assert!(start.elapsed() < PATIENCE, "{bill_no} was not sent: {error:?}");
        *at += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

/// An app of people: it opens what was sent to them, again until it has been.
async fn open_on_and_on(urls: Vec<String>, key: Arc<EncodingKey>, told: Arc<Told>, packets: Packets) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    for at in 0.. {
        let next = packets.lock().await.recv().await;
        let Some((packet, openid)) = next else { return };
        let start = Instant::now();
        for step in 0.. {
            let url = format!("{}/packets/{packet}/claims", urls[(at + step) % urls.len()]);
            let reply = http.post(url).bearer_auth(assertion(&key, &packet, &openid)).send().await.unwrap();
            let status = reply.status().as_u16();
            let body: Value = reply.json().await.unwrap();
            if status == 200 {
                let amount = body["amount_fen"].as_u64().unwrap();
                let again = told.opened.lock().unwrap().insert((packet.clone(), openid.clone()), amount);
                assert_eq!((again, amount), (None, u64::from(FEN_EACH)));
                break;
            }
            // A packet that was acknowledged is there, is open, and can be opened again.
            let code = body["code"].as_str().unwrap_or_default();
            assert!(["unknown", "unavailable", "busy"].contains(&code), "{packet}: {status} {body}");
            told.error(&format!("claim {code}"));
            assert!(start.elapsed() < PATIENCE, "{packet} was not opened: {body}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

type Packets = Arc<tokio::sync::Mutex<mpsc::Receiver<(PacketId, String)>>>;

fn assertion(key: &EncodingKey, packet: &PacketId, openid: &str) -> String {
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": APP, "sub": openid, "aud": "hongbao", "packet": packet.as_str(), "iat": now, "exp": now + 60,
    });
    let header = Header { kid: Some("app".to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

/// The load, and the cluster below the platform.
struct Trial<'a> {
    cluster: &'a Patroni,
    nodes: &'a Nodes,
    told: &'a Told,
}

impl Trial<'_> {
    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "it did not come to this: {what}\n{}", self.nodes.last_words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Goes on when so many sends were acknowledged from now on.
    fn load(&self) {
        let enough = self.told.count() + SOME;
        self.until("sends are acknowledged", || self.told.count() >= enough);
    }

    /// The primary is lost in the way of `lose`. The seconds without an acknowledged send.
    fn round(&self, lose: impl FnOnce(&Patroni) -> usize, bring_back: impl FnOnce(&Patroni, usize)) -> Duration {
        self.load();
        let since = Instant::now();
        let old = lose(self.cluster);
        self.until("there is another primary", || self.cluster.primary().is_some_and(|primary| primary != old));
        self.load();
        let gap = self.told.gap(since);
        bring_back(self.cluster, old);
        self.cluster.wait_ready();
        gap
    }
}

fn rounds() -> usize {
    std::env::var("HONGBAO_FAILOVER_ROUNDS").map_or(2, |rounds| rounds.parse().expect("a number of rounds"))
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_doubled_when_the_database_fails_over_under_load() {
    let cluster = Patroni::start();
    let home = folder();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let nodes = Nodes::start(home.path(), &cluster.url(), &key.public_key_pem());
    let key = Arc::new(EncodingKey::from_ed_pem(key.serialize_pem().as_bytes()).unwrap());
    let told = Arc::new(Told::default());

    let runtime = Runtime::new().unwrap();
    let (to_open, packets) = mpsc::channel(10_000);
    let packets: Packets = Arc::new(tokio::sync::Mutex::new(packets));
    let mut clients = tokio::task::JoinSet::new();
    for sender in 0..SENDERS {
        let sending = send_on_and_on(nodes.clients(), sender, told.clone(), to_open.clone());
        clients.spawn_on(sending, runtime.handle());
    }
    drop(to_open);
    for _ in 0..CLAIMERS {
        let opening = open_on_and_on(nodes.urls.clone(), key.clone(), told.clone(), packets.clone());
        clients.spawn_on(opening, runtime.handle());
    }

    let trial = Trial { cluster: &cluster, nodes: &nodes, told: &told };
    let mut gaps = Vec::new();
    for round in 1..=rounds() {
        let gap = trial.round(Patroni::kill_primary, Patroni::start_again);
        println!("round {round}: {:.1?} without an acknowledged send, {} sent", gap, told.count());
        gaps.push(gap);
    }
    // A primary that was replaced and does not know it goes on taking writes, and acknowledges none.
    let freeze = |cluster: &Patroni| {
        let primary = cluster.primary().expect("a primary");
        cluster.freeze(primary);
        primary
    };
    let frozen = trial.round(freeze, |cluster, old| {
        cluster.kill(old);
        cluster.start_again(old);
    });
    println!("a frozen primary: {frozen:.1?} without an acknowledged send");
    trial.load();
    told.is_over.store(true, Ordering::Relaxed);
    runtime
        .block_on(async { while clients.join_next().await.transpose().expect("a client that ends well").is_some() {} });

    expect_all_kept(&cluster, &told);
    let (sent, opened) = (told.sent.lock().unwrap().len() as u64, told.opened.lock().unwrap().len() as u64);
    let (out, wallets) = (sent * u64::from(FEN_EACH), opened * u64::from(FEN_EACH));
    let output = run(home.path(), &["audit", "--store", &cluster.url()]).succeeded();
    assert_eq!(field(&output, "audit"), "every fen is in its place");
    let books = format!(
        "merchant funds {}, escrow {}, wallets {wallets}, settlement -{FUNDS_FEN} (fen)",
        FUNDS_FEN - out,
        out - wallets
    );
    assert_eq!(field(&output, "books"), books);
    gaps.sort();
    println!("{} rounds: {sent} sends and {opened} claims acknowledged; none lost, none doubled", gaps.len());
    if let (Some(min), Some(max)) = (gaps.first(), gaps.last()) {
        println!("without an acknowledged send: min {min:.1?}, median {:.1?}, max {max:.1?}", gaps[gaps.len() / 2]);
    }
    println!("told besides: {:?}", told.errors.lock().unwrap());
}

/// The tables hold what was told, and nothing else.
fn expect_all_kept(cluster: &Patroni, told: &Told) {
    let stored = cluster.sql("SELECT bill_no, packet_id FROM packet");
    let mut packets = HashMap::new();
    for row in stored.lines() {
        let (bill_no, packet) = row.split_once('|').expect("two columns");
        assert_eq!(packets.insert(bill_no, packet), None, "{bill_no} was sent twice");
    }
    let sent = told.sent.lock().unwrap();
    for (bill_no, packet) in &*sent {
        assert_eq!(packets.get(bill_no.as_str()), Some(&packet.as_str()), "{bill_no} was acknowledged");
    }
    assert_eq!(packets.len(), sent.len(), "every number was settled");

    let stored = cluster.sql("SELECT packet_id, openid, amount_fen FROM claim");
    let opened = told.opened.lock().unwrap();
    let shares = opened.iter().map(|((packet, openid), amount)| format!("{packet}|{openid}|{amount}"));
    let mut shares: Vec<String> = shares.collect();
    let mut stored: Vec<&str> = stored.lines().collect();
    shares.sort();
    stored.sort_unstable();
    assert!(stored == shares, "{} shares were opened, and {} are stored", shares.len(), stored.len());
}
