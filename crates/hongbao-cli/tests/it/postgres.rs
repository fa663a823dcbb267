//! Is a platform on PostgreSQL one platform, however many nodes it has?

use std::path::Path;

use hongbao_store_postgres::rig;

use crate::running::{Ran, Serve, field, folder, run};

const APP: &str = "wx8888888888888888";

const APP_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

/// A node's folder: its configuration, and once it runs a profile.
fn configure(folder: &Path, kind: &str, store: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let config = format!(
        "store = {store:?}\nkind = {kind:?}\n[plain]\nlisten = \"127.0.0.1:0\"\n[admin]\nsocket = \"admin.sock\"\n"
    );
    std::fs::write(folder.join("hongbao.toml"), config).unwrap();
}

fn start(folder: &Path, store: &str) -> Serve {
    configure(folder, "sandbox", store);
    let node = Serve::start(folder);
    let address = node.ready["plain"].as_str().unwrap();
    let profile = format!(
        "[merchant]\nbase_url = \"http://{address}\"\nmch_id = \"10000098\"\nwxappid = \"{APP}\"\n\
         api_key_file = \"api_key.txt\"\n[admin]\nsocket = \"admin.sock\"\n"
    );
    std::fs::write(folder.join("profile.toml"), profile).unwrap();
    std::fs::write(folder.join("api_key.txt"), "192006250b4c09247ec02edce69f6a2d").unwrap();
    node
}

fn with_profile(folder: &Path, arguments: &[&str]) -> Ran {
    run(folder, &[arguments, &["--profile", "profile.toml"]].concat())
}

#[test]
fn two_nodes_on_one_database_are_one_platform() {
    let home = folder();
    let (one, two) = (home.path().join("one"), home.path().join("two"));
    let url = rig::shared().database();
    let nodes = [start(&one, &url), start(&two, &url)];
    // The app's key signs nothing here: nobody claims.
    std::fs::write(one.join("app.pem"), APP_KEY).unwrap();
    with_profile(&one, &["app", "add", APP, "--public-key", "app.pem"]).succeeded();
    with_profile(&one, &["merchant", "add", "10000098", "--key-file", "api_key.txt", "--app", APP]).succeeded();
    with_profile(&two, &["topup", "10000098", "1000", "--reference", "bank-1"]).succeeded();

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
        "exit 1\n--- stderr\nerror: the store is of an earlier version (schema 0, this one needs 1)\n\n\
         hint: stop all of its nodes, then run once: hongbao serve --migrate --config FILE\n"
    );
}
