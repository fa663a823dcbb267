//! Is a platform on PostgreSQL one platform, however many nodes it has?

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use hongbao_store_postgres::rig;

use crate::running::{Ran, Serve, field, folder, run, until};

pub(crate) const APP: &str = "wx8888888888888888";

pub(crate) const API_KEY: &str = "192006250b4c09247ec02edce69f6a2d";

const APP_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

/// A node's folder: its configuration, and once it runs a profile.
fn configure(folder: &Path, kind: &str, store: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let config = format!(
        "store_file = \"store.txt\"\nkind = {kind:?}\n[plain]\nlisten = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin.sock\"\n"
    );
    std::fs::write(folder.join("hongbao.toml"), config).unwrap();
    std::fs::write(folder.join("store.txt"), format!("{store}\n")).unwrap();
}

pub(crate) fn start(folder: &Path, store: &str) -> Serve {
    configure(folder, "sandbox", store);
    let node = Serve::start(folder);
    let address = node.ready["plain"].as_str().unwrap();
    let profile = format!(
        "[merchant]\nbase_url = \"http://{address}\"\nmch_id = \"10000098\"\nwxappid = \"{APP}\"\n\
         api_key_file = \"api_key.txt\"\n[admin]\nsocket = \"admin.sock\"\n"
    );
    std::fs::write(folder.join("profile.toml"), profile).unwrap();
    std::fs::write(folder.join("api_key.txt"), API_KEY).unwrap();
    node
}

/// A merchant with 1000 fen, and his app.
fn furnish(node: &Path) {
    // The app's key signs nothing here: nobody claims.
    std::fs::write(node.join("app.pem"), APP_KEY).unwrap();
    with_profile(node, &["app", "add", APP, "--public-key", "app.pem"]).succeeded();
    with_profile(node, &["merchant", "add", "10000098", "--key-file", "api_key.txt", "--app", APP]).succeeded();
    with_profile(node, &["topup", "10000098", "1000", "--reference", "bank-1"]).succeeded();
}

pub(crate) fn with_profile(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[arguments, &["--profile", "profile.toml"]].concat())
}

#[test]
fn two_nodes_on_one_database_are_one_platform() {
    let home = folder();
    let (one, two) = (home.path().join("one"), home.path().join("two"));
    let url = rig::shared().database();
    let nodes = [start(&one, &url), start(&two, &url)];
    furnish(&one);

    let number = "10000098201411111234567890";
    let send = ["send", "--bill-no", number, "--amount", "400", "--to", "oxTWIuGaIt6gTKsQRLau2M0yL16E"];
    let ids = [&one, &two, &one].map(|node| field(&with_profile(node, &send).succeeded(), "send_listid"));
    assert!(ids.iter().all(|id| *id == ids[0]), "one number, one packet: {ids:?}");
    let found = with_profile(&two, &["query", number]).succeeded();
    assert!(found.contains(&ids[0]), "{found}");

    let books = "merchant funds 600, escrow 400, wallets 0, settlement -1000 (fen)";
    assert_eq!(field(&with_profile(&two, &["audit"]).succeeded(), "books"), books);
    drop(nodes);
    assert_eq!(field(&run(home.path(), &["audit", "--store", &url]).succeeded(), "books"), books);
}

#[test]
fn what_can_t_be_opened_is_told_without_the_password() {
    let home = folder();
    let database = rig::shared().database();
    let secret = "hongbao-test";
    let nobody = "postgres://me:hongbao-test@127.0.0.1:1/db";
    for (kind, store, error, hint) in [
        (
            "sandbox",
            "postgres://me:hongbao-test@h1",
            "the store's URL makes no sense: it names no database",
            "write %40",
        ),
        ("sandbox", nobody, "the store can't be reached: 127.0.0.1:1: ", "is the database running"),
        ("sandbox", &database.replace(secret, "wrong"), "the store can't be reached: 127.0.0.1:", "is the database"),
    ] {
        configure(home.path(), kind, store);
        let ran = run(home.path(), &["serve"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        assert!(ran.stderr.starts_with(&format!("error: {error}")), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("\n\nhint: {hint}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains(secret) && !ran.stderr.contains("wrong@"), "{}", ran.stderr);
    }
    let ran = run(home.path(), &["audit", "--store", &database]);
    assert!(ran.stderr.starts_with("error: there is no store: the database is empty\n\nhint: "), "{}", ran.stderr);

    drop(start(home.path(), &database));
    let name = database.rsplit('/').next().and_then(|rest| rest.split('?').next()).unwrap();
    rig::shared().sql(name, "UPDATE schema_version SET version = 0");
    let ran = run(home.path(), &["serve"]);
    assert_eq!(
        ran.transcript(),
        "exit 1\n--- stderr\nerror: the store is of an earlier version (schema 0, this one needs 5)\n\n\
         hint: stop all of its nodes, then run once: hongbao serve --migrate --config FILE\n"
    );
    rig::shared().sql(name, "UPDATE schema_version SET version = 9; UPDATE oldest_version SET oldest = 9");
    let ran = run(home.path(), &["serve"]);
    let hint = "serve it with the version that wrote it, or a later one: `hongbao --version` says which one this is";
    assert!(ran.stderr.starts_with("error: the store was written by a later version (schema 9, "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(&format!("\n\nhint: {hint}\n")), "{}", ran.stderr);
}

/// Status line and body of what a door answers.
fn get(node: &Serve, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(node.ready["plain"].as_str().unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: hongbao\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn a_store_is_of_one_kind_and_one_currency() {
    let home = folder();
    let url = rig::shared().database();
    drop(start(home.path(), &url));
    let points = "[currency]\ncode = \"PTS\"\nsymbol = \"P\"\nminor_digits = 0\n";
    for (kind, currency, asked) in
        [("live", "", "live, CNY with 2 digits"), ("sandbox", points, "sandbox, PTS with 0 digits")]
    {
        configure(home.path(), kind, &url);
        let config = home.path().join("hongbao.toml");
        let mut text = std::fs::read_to_string(&config).unwrap();
        if kind == "live" {
            text = text.replace("[plain]\nlisten = \"127.0.0.1:0\"\n", "");
        }
        std::fs::write(&config, text + currency).unwrap();
        let ran = run(home.path(), &["serve"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
        let error =
            format!("error: the store is what it was created as, sandbox, CNY with 2 digits, not {asked}\n\nhint: ");
        assert!(ran.stderr.starts_with(&error), "{}", ran.stderr);
    }
}

#[test]
fn a_key_that_is_changed_on_one_node_counts_on_all_within_a_second() {
    let home = folder();
    let (one, two) = (home.path().join("one"), home.path().join("two"));
    let url = rig::shared().database();
    let _nodes = [start(&one, &url), start(&two, &url)];
    furnish(&one);
    let query = ["query", "10000098201411111234567890"];
    let is_signed_well = |ran: &Ran| !ran.stderr.contains("SIGN_ERROR");
    assert!(is_signed_well(&with_profile(&two, &query)));
    let old = "192006250b4c09247ec02edce69f6a2d";
    std::fs::write(one.join("new_key.txt"), old.chars().rev().collect::<String>()).unwrap();
    with_profile(&one, &["merchant", "set", "10000098", "--key-file", "new_key.txt"]).succeeded();
    let changed = Instant::now();
    until("the old key is refused on the other node", || {
        let asked = changed.elapsed();
        let is_refused = !is_signed_well(&with_profile(&two, &query));
        assert!(is_refused || asked < Duration::from_secs(1), "the old key still counts after {asked:?}");
        is_refused.then_some(())
    });
}

#[test]
fn a_node_without_its_database_says_so_and_comes_back_with_it() {
    let home = folder();
    let cluster = rig::Cluster::start();
    let node = start(home.path(), &cluster.database());
    let here = |arguments: &[&str]| with_profile(home.path(), arguments);
    furnish(home.path());
    let send = |number| ["send", "--bill-no", number, "--amount", "400", "--to", "oxTWIuGaIt6gTKsQRLau2M0yL16E"];
    let first = field(&here(&send("1")).succeeded(), "send_listid");
    assert_eq!(get(&node, "/ready"), ("HTTP/1.1 200 OK".to_owned(), r#"{"ready":true}"#.to_owned()));

    cluster.stop_at_once();
    let not_ready = r#"{"ready":false,"why":"the store can't be reached, or not be written"}"#;
    until("the node says that it is not ready", || (get(&node, "/ready").1 == not_ready).then_some(()));
    assert_eq!(get(&node, "/ready").0, "HTTP/1.1 503 Service Unavailable");
    for arguments in [&send("1")[..], &send("2"), &["query", "1"], &["topup", "10000098", "1", "--reference", "bank-2"]]
    {
        let ran = here(arguments);
        assert!(ran.code != Some(0) && !ran.stdout.contains("send_listid"), "{arguments:?}: {}", ran.transcript());
    }

    cluster.run_again();
    until("the node is ready again", || (get(&node, "/ready").1 == r#"{"ready":true}"#).then_some(()));
    assert_eq!(field(&here(&send("1")).succeeded(), "send_listid"), first);
    here(&send("2")).succeeded();
    let books = "merchant funds 200, escrow 800, wallets 0, settlement -1000 (fen)";
    assert_eq!(field(&here(&["audit"]).succeeded(), "books"), books);
}
