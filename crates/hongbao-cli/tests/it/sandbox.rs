//! A sandbox, as a person uses it: started, sent through, stopped, started again.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc;

use hongbao::{HbStatus, Identity};

use crate::running::{Dev, Serve, contents, field, folder, run, until};
use crate::senders::{Ledger, request};

const PERSON: &str = "oxTWIuGaIt6gTKsQRLau2M0yL16E";

#[test]
fn a_packet_is_sent_opened_and_given_back_and_the_books_stay_clean() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let topped_up = dev.ok(&["topup", "10000098", "500", "--reference", "R1"]);
    assert_eq!(field(&topped_up, "reference"), "R1");
    assert!(field(&topped_up, "topped up").starts_with("merchant 10000098: 500 fen at "), "{topped_up}");

    let sent = dev.ok(&["send", "--bill-no", "B1", "--amount", "888"]);
    assert_eq!(field(&sent, "mch_billno"), "B1");
    assert_eq!(field(&sent, "sent"), format!("888 fen to {PERSON}"));
    let packet = field(&sent, "send_listid");
    let info = dev.ok(&["query", "B1"]);
    assert_eq!([field(&info, "status"), field(&info, "detail_id")], ["SENT", &packet]);
    assert_eq!(field(&info, "amount"), "888 fen in 1");

    let opened = dev.ok(&["claim", &packet]);
    assert_eq!([field(&opened, "opened"), field(&opened, "amount")], [&packet, "888 fen"]);
    let again = dev.ok(&["claim", &packet]);
    assert_eq!(field(&again, "claimed_at"), field(&opened, "claimed_at"));
    assert!(again.contains("it had been opened before; this is the same share"), "{again}");
    let info = dev.ok(&["query", "B1"]);
    assert_eq!(field(&info, "status"), "RECEIVED");
    assert!(field(&info, "opened").starts_with(&format!("888 fen by {PERSON} at ")), "{info}");

    dev.ok(&["send", "--bill-no", "B2", "--amount", "111", "--to", "oSomebodyElse_-0123456789012"]);
    let turned = dev.ok(&["sandbox", "clock", "+24h"]);
    let now: jiff::Timestamp = field(&turned, "clock").parse().unwrap();
    assert!(now.duration_since(jiff::Timestamp::now()) > jiff::SignedDuration::from_hours(23), "{turned}");
    // The platform's own job may have been there first, so the count is not asserted.
    assert!(field(&turned, "expired").ends_with(" refunded, 0 failed"), "{turned}");
    let info = dev.ok(&["query", "B2"]);
    assert_eq!(field(&info, "status"), "REFUND");
    assert!(field(&info, "refunded").starts_with("111 fen at "), "{info}");

    let audit = dev.ok(&["audit"]);
    assert!(field(&audit, "counted").starts_with("2 packets, 1 claim, 2 transfers, "), "{audit}");
    assert_eq!(field(&audit, "books"), "merchant funds 999612, escrow 0, wallets 888, settlement -1000500 (fen)");
    assert_eq!(field(&audit, "audit"), "every fen is in its place");
    assert_eq!(dev.ok(&["audit", "--store", "hongbao.db"]), audit);
    dev.stop();
}

#[test]
fn the_same_number_again_gets_the_same_send_listid_and_moves_nothing() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let sent = dev.ok(&["send", "--bill-no", "B1"]);
    let books = dev.ok(&["audit"]);
    assert_eq!(dev.ok(&["send", "--bill-no", "B1"]), sent);
    let changed = dev.run(&["send", "--bill-no", "B1", "--amount", "1500"]);
    assert_eq!(changed.code, Some(1));
    assert!(changed.stderr.starts_with("error: FATAL_ERROR: "), "{}", changed.stderr);
    assert_eq!(dev.ok(&["audit"]), books);
}

#[test]
fn a_number_that_is_left_out_is_made_up_from_merchant_and_date() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let numbers = [1, 2].map(|_| field(&dev.ok(&["send"]), "mch_billno"));
    for number in &numbers {
        assert!(number.starts_with("1000009820") && number.len() == 26, "{number}");
        assert_eq!(field(&dev.ok(&["query", number]), "status"), "SENT");
    }
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn a_reference_makes_a_top_up_happen_once() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let first = dev.ok(&["topup", "10000098", "500", "--reference", "R1"]);
    let books = dev.ok(&["audit"]);
    assert!(field(&books, "books").starts_with("merchant funds 1000500, "), "{books}");
    assert_eq!(dev.ok(&["topup", "10000098", "500", "--reference", "R1"]), first);
    assert_eq!(dev.ok(&["audit"]), books);
}

#[test]
fn a_merchant_who_is_added_sends_with_the_key_that_was_printed() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let certificate = ["--certificate", "apiclient_cert.pem"];
    let bound = ["--app", "wx8888888888888888"];
    let added = dev.ok(&["merchant", "add", "20000001", certificate[0], certificate[1], bound[0], bound[1]]);
    std::fs::write(dev.path("other_key.txt"), field(&added, "api key")).unwrap();
    let profile = std::fs::read_to_string(dev.path("profile.toml")).unwrap();
    let profile = profile.replace("10000098", "20000001").replace("api_key.txt", "other_key.txt");
    std::fs::write(dev.path("other.toml"), profile).unwrap();
    let other = ["--profile", "other.toml"];

    // Without funds the number is taken all the same: the same call completes it once there are some.
    let poor = run(&dev.path(""), &["send", "--bill-no", "B1", other[0], other[1]]);
    assert!(poor.stderr.starts_with("error: NOTENOUGH: "), "{}", poor.stderr);
    assert!(poor.stderr.contains("\n\nhint: top up the merchant's funds"), "{}", poor.stderr);
    dev.ok(&["topup", "20000001", "1000"]);
    let sent = run(&dev.path(""), &["send", "--bill-no", "B1", other[0], other[1]]).succeeded();
    let info = run(&dev.path(""), &["query", "B1", other[0], other[1]]).succeeded();
    assert_eq!(field(&info, "detail_id"), field(&sent, "send_listid"));
    // Another merchant's number is a number of its own.
    assert!(dev.run(&["query", "B1"]).stderr.starts_with("error: NOT_FOUND: "));
}

#[test]
fn a_p12_does_for_sending_and_for_adding_a_merchant() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let profile = std::fs::read_to_string(dev.path("profile.toml")).unwrap();
    let pair = "certificate_file = \"apiclient_cert.pem\"\nprivate_key_file = \"apiclient_key.pem\"\n";
    assert!(profile.contains(pair), "{profile}");
    let profile = profile.replace(pair, "p12_file = \"apiclient_cert.p12\"\n");
    std::fs::write(dev.path("p12.toml"), profile).unwrap();
    let sent = run(&dev.path(""), &["send", "--bill-no", "B1", "--profile", "p12.toml"]).succeeded();
    assert_eq!(field(&sent, "send_listid"), field(&dev.ok(&["query", "B1"]), "detail_id"));

    let read = |name: &str| std::fs::read_to_string(dev.path(name)).unwrap();
    let identity = Identity::from_pem(&read("apiclient_cert.pem"), &read("apiclient_key.pem")).unwrap();
    std::fs::write(dev.path("other.p12"), identity.to_p12("20000001").unwrap()).unwrap();
    let key = ["--key-file", "api_key.txt"];
    let bound = ["--app", "wx8888888888888888"];
    dev.ok(&["merchant", "add", "20000001", "--certificate", "other.p12", key[0], key[1], bound[0], bound[1]]);
    let other = read("profile.toml").replace("10000098", "20000001");
    std::fs::write(dev.path("other.toml"), other).unwrap();
    // Its certificate counts: what is missing is money.
    let poor = run(&dev.path(""), &["send", "--profile", "other.toml"]);
    assert!(poor.stderr.starts_with("error: NOTENOUGH: "), "{}", poor.stderr);
}

#[test]
fn a_platform_serves_with_a_p12_whose_password_is_in_a_file() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let read = |name: &str| std::fs::read_to_string(dev.path(name)).unwrap();
    let identity = Identity::from_pem(&read("server_cert.pem"), &read("server_key.pem")).unwrap();
    std::fs::write(home.path().join("server.p12"), identity.to_p12("a password").unwrap()).unwrap();
    std::fs::write(home.path().join("password.txt"), "a password\n").unwrap();
    let config = "store = \"live.db\"\nkind = \"live\"\n[admin]\nsocket = \"admin.sock\"\n\
        [tls]\nlisten = \"127.0.0.1:0\"\np12_file = \"server.p12\"\np12_password_file = \"password.txt\"\n";
    std::fs::write(home.path().join("hongbao.toml"), config).unwrap();
    let serve = Serve::start(home.path());

    let address = serve.ready["tls"].as_str().unwrap();
    let profile = format!(
        "[merchant]\nbase_url = \"https://{address}\"\nmch_id = \"10000098\"\nwxappid = \"wx8888888888888888\"\n\
         api_key_file = \"dev/api_key.txt\"\nroot_ca_file = \"dev/rootca.pem\"\n[admin]\nsocket = \"admin.sock\"\n"
    );
    std::fs::write(home.path().join("profile.toml"), profile).unwrap();
    let shown = run(home.path(), &["doctor", "--profile", "profile.toml"]).stdout;
    assert!(shown.contains(&format!("ok    connection   https://{address} answers")), "{shown}");
    assert!(shown.contains("ok    operators    a live store"), "{shown}");
}

#[test]
fn a_folder_in_use_is_not_served_a_second_time() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let keys = |dev: &Dev| {
        let mut files = contents(&dev.path(""));
        files.retain(|path, _| !path.to_string_lossy().contains("hongbao.db"));
        files
    };
    let before = keys(&dev);
    let second = run(home.path(), &["dev", "--dir", "dev", "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0"]);
    assert_eq!(
        second.transcript(),
        "exit 1\n--- stderr\n\
         error: the store is in use by a running server: dev/hongbao.db\n\n\
         hint: stop that server, or administer it through its admin API\n"
    );
    assert_eq!(keys(&dev), before);
    dev.ok(&["send"]);
    dev.ok(&["audit"]);
    dev.stop();
}

#[test]
fn stopped_and_started_again_it_goes_on_where_it_was() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let sent = dev.ok(&["send", "--bill-no", "B1"]);
    let books = dev.ok(&["audit"]);
    dev.stop();
    let left: Vec<_> =
        contents(home.path()).into_keys().filter(|path| path.to_string_lossy().contains(".sock")).collect();
    assert!(left.is_empty(), "a socket was left behind: {left:?}");
    assert_eq!(run(&home.path().join("dev"), &["audit", "--store", "hongbao.db"]).succeeded(), books);

    let dev = Dev::start(&home.path().join("dev"));
    assert_eq!(dev.ok(&["audit"]), books);
    assert_eq!(dev.ok(&["send", "--bill-no", "B1"]), sent);
    let info = dev.ok(&["query", "B1"]);
    assert_eq!([field(&info, "status"), field(&info, "detail_id")], ["SENT".to_owned(), field(&sent, "send_listid")]);
    dev.ok(&["claim", &field(&sent, "send_listid")]);
    dev.stop();
}

#[test]
fn told_to_stop_as_soon_as_it_is_ready_it_ends_well() {
    let home = folder();
    for _ in 0..5 {
        Dev::start(&home.path().join("dev")).stop();
    }
}

#[test]
fn only_their_owner_reads_the_files_of_a_sandbox() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    dev.ok(&["send"]);
    let files = contents(&dev.path(""));
    for path in files.keys() {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(format!("{mode:o}"), "600", "{}", path.display());
    }
    for name in ["admin.sock", "api_key.txt", "apiclient_key.pem", "hongbao.db", "profile.toml", "server_key.pem"] {
        assert!(files.contains_key(&dev.path(name)), "there is no {name}");
    }
}

#[test]
fn neither_log_nor_output_shows_a_key() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let key = std::fs::read_to_string(dev.path("api_key.txt")).unwrap();
    let sent = dev.ok(&["send"]);
    let merchant = dev.run(&["merchant", "add", "10000098", "--key-file", "api_key.txt"]);
    for text in [&dev.banner, &sent, &merchant.transcript(), &dev.log()] {
        assert!(!text.contains(key.trim()) && !text.contains("PRIVATE KEY"), "{text}");
    }
}

#[test]
fn a_log_that_is_a_file_has_no_colours() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    dev.run(&["query", "B1"]);
    let log = dev.log();
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log}");
}

/// A way to a platform's plain door on which a request stops just before its end.
struct Pause {
    address: String,
    begun: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Pause {
    fn before(door: String) -> Pause {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        std::thread::spawn(move || {
            let client = listener.accept().expect("a client").0;
            pause(client, &door, &sender, &may_go_on).expect("a request and its answer");
        });
        Pause { address, begun, go_on }
    }
}

fn pause(
    mut client: TcpStream,
    door: &str,
    begun: &mpsc::Sender<()>,
    may_go_on: &mpsc::Receiver<()>,
) -> std::io::Result<()> {
    let (head, body) = read_request(&mut client)?;
    let mut server = TcpStream::connect(door)?;
    write!(server, "{head}expect: 100-continue\r\nconnection: close\r\n\r\n")?;
    // The server says so when it begins to read the body: the request is under way.
    let goes_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut said = vec![0; goes_on.len()];
    server.read_exact(&mut said)?;
    assert_eq!(said, goes_on);
    let (most, rest) = body.split_at(body.len() - 8);
    server.write_all(most)?;
    begun.send(()).expect("a test that waits");
    may_go_on.recv().expect("a test that goes on");
    server.write_all(rest)?;
    let mut reply = Vec::new();
    server.read_to_end(&mut reply)?;
    client.write_all(&reply)
}

/// The lines of a request's head, without the blank one, and its body.
fn read_request(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part)?;
        assert_ne!(read, 0, "the request ended early");
        bytes.extend_from_slice(&part[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end + 2].to_vec()).expect("text");
        let len =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let len: usize = len.expect("a length");
        if bytes.len() == end + 4 + len {
            return Ok((head, bytes[end + 4..].to_vec()));
        }
    }
}

#[test]
fn a_send_under_way_when_the_platform_is_told_to_stop_is_finished() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let door = dev.plain_address();
    let pause = Pause::before(door.clone());
    let client = dev.plain_client(&pause.address);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let call = runtime.spawn(async move { client.sendredpack(&request("B1")).await });
    pause.begun.recv().unwrap();
    dev.tell_to_stop();
    until("the door is closed", || TcpStream::connect(&door).is_err().then_some(()));
    assert!(!call.is_finished());
    pause.go_on.send(()).unwrap();
    let sent = runtime.block_on(call).unwrap().expect("an answer");
    assert!(dev.ended().success());

    let dev = Dev::start(&home.path().join("dev"));
    let client = dev.client();
    let request = request("B1");
    let info = runtime.block_on(client.gethbinfo(&request.bill_no, &request.app)).unwrap();
    assert_eq!((info.status, info.packet), (HbStatus::Sent, sent.packet));
}

#[test]
fn nothing_accepted_is_lost_when_the_platform_is_told_to_stop_under_load() {
    let home = folder();
    let folder = home.path().join("dev");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut ledger = Ledger::default();
    let dev = Dev::start(&folder);
    runtime.block_on(ledger.send_until_gone(dev, "stop", 100, Dev::stop));
    let dev = Dev::start(&folder);
    runtime.block_on(async {
        ledger.expect_all_kept(&dev).await;
        ledger.settle_unknown(&dev).await;
    });
    let audit = dev.ok(&["audit"]);
    assert!(field(&audit, "counted").starts_with(&format!("{} packets, ", ledger.acknowledged.len())), "{audit}");
    assert_eq!(field(&audit, "audit"), "every fen is in its place");
    dev.stop();
}

#[test]
fn a_group_packet_is_shared_and_its_draw_computed_again() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let packet = field(&dev.ok(&["send", "--shares", "3", "--amount", "300"]), "send_listid");
    let opened = dev.ok(&["claim", &packet]);
    let link = field(&opened, "link");
    let ran = dev.run(&["verify-draw", &packet]);
    assert!(ran.code == Some(1) && ran.stderr.contains("the packet is not finished"), "{}", ran.transcript());
    let bob = dev.ok(&["claim", &packet, "--as", "oBob", "--link", &link]);
    dev.ok(&["claim", &packet, "--as", "oCarol", "--link", &link]);
    let verified = dev.ok(&["verify-draw", &packet]);
    assert_eq!(field(&verified, "draw"), "as it was committed to");
    assert_eq!(field(&verified, "commitment"), "the SHA-256 of the seed");
    assert!(field(&verified, "share 2").starts_with(&format!("{}  opened by ", field(&bob, "amount"))), "{verified}");
    let object: serde_json::Value =
        serde_json::from_str(&dev.ok(&["verify-draw", &packet, "--as", "oDave", "--link", &link, "--json"])).unwrap();
    let shares: i64 = object["shares_fen"].as_array().unwrap().iter().map(|share| share.as_i64().unwrap()).sum();
    assert_eq!((&object["is_right"], shares), (&true.into(), 300));

    // Somebody says that he got more.
    let seed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let commitment = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd";
    let draw =
        serde_json::json!({ "algorithm": "hongbao/draw/1", "rule": "live", "commitment": commitment, "seed": seed });
    let share = |place: u32, fen: u32| serde_json::json!({ "place": place, "amount_fen": fen, "openid": "o1" });
    let mut said = serde_json::json!({
        "packet_id": "1", "total_fen": 300, "share_count": 3, "draw": draw, "shares": [share(2, 177), share(1, 57)],
    });
    let verify = |said: &serde_json::Value| {
        std::fs::write(dev.path("packet.json"), said.to_string()).unwrap();
        dev.run(&["verify-draw", "--file", "packet.json"])
    };
    let ran = verify(&said);
    assert!(ran.code == Some(0) && ran.stdout.contains("share 3     66 fen  not opened"), "{}", ran.transcript());
    said["shares"] = serde_json::json!([share(2, 178), share(1, 57)]);
    let ran = verify(&said);
    assert!(
        ran.code == Some(1) && ran.stdout.contains("share 2     177 fen  NOT what o1 opened: 178 fen"),
        "{}",
        ran.transcript()
    );
    said["shares"] = serde_json::json!([]);
    said["draw"]["commitment"] = commitment.replace('6', "7").into();
    let ran = verify(&said);
    assert!(ran.code == Some(1) && ran.stdout.contains("NOT the SHA-256"), "{}", ran.transcript());
}

#[test]
fn an_app_s_server_gets_a_credential_which_is_shown_once_and_can_be_revoked() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let app = "wx8888888888888888";
    let add = ["app", "credential", "add", app, "backend", "--scope", "wallets", "--scope", "withdrawals"];
    let added = dev.ok(&add);
    let token = field(&added, "token");
    assert!(token.starts_with("hb_") && token.len() == 46, "{added}");
    assert_eq!(field(&added, "scopes"), "wallets withdrawals");
    let more = ["app", "credential", "add", app, "cleanup", "--scope", "erasure", "--until", "2099-01-01T00:00:00Z"];
    let object: serde_json::Value = serde_json::from_str(&dev.ok(&[&more[..], &["--json"]].concat())).unwrap();
    assert_eq!((&object["app_id"], &object["valid_until"]), (&app.into(), &"2099-01-01T00:00:00Z".into()));
    let shown = dev.ok(&["app", "show", app]);
    let listed = "id=backend,scopes=wallets withdrawals id=cleanup,scopes=erasure,valid_until=2099-01-01T00:00:00Z";
    assert_eq!(field(&shown, "credentials"), listed);
    assert!(!shown.contains("hb_"), "{shown}");
    assert_eq!(field(&dev.ok(&["app", "credential", "revoke", app, "backend"]), "revoked"), "backend");
    assert!(!dev.ok(&["app", "show", app]).contains("backend"));
}
