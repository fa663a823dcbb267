//! For machines: `--json`, whatever happens, is one object on standard output; and completions for shells.

use serde_json::Value;

use crate::running::{Dev, Ran, folder, run};

fn object(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.transcript()))
}

#[test]
fn every_result_is_an_object_with_the_names_of_the_wire_and_of_the_apis() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let ask = |arguments: &[&str]| {
        let ran = dev.run(&[arguments, &["--json"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.transcript());
        object(&ran)
    };
    let sent = ask(&["send", "--bill-no", "B1", "--amount", "888"]);
    assert_eq!((&sent["mch_billno"], &sent["total_amount"]), (&"B1".into(), &888.into()));
    let packet = sent["send_listid"].as_str().unwrap();
    assert_eq!(ask(&["claim", packet])["amount_fen"], 888);
    let info = ask(&["query", "B1"]);
    assert_eq!((&info["status"], &info["detail_id"]), (&"RECEIVED".into(), &sent["send_listid"]));
    assert_eq!(info["hblist"][0]["amount"], 888);
    assert_eq!(info["refund_time"], Value::Null);
    let books = ask(&["audit"]);
    assert_eq!(
        (&books["is_clean"], &books["packets"], &books["wallets_fen"]),
        (&true.into(), &1.into(), &"888".into())
    );
    assert_eq!(ask(&["audit", "--store", "hongbao.db"]), books);
    let turned = ask(&["sandbox", "clock", "+1s"]);
    assert_eq!(turned["refunded"], 0);
    let time = |shown: &Value| shown["now"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time(&turned) <= time(&ask(&["sandbox", "clock"])));
    let app = ask(&["app", "add", "wx2421b1c4370ec43b", "--public-key", "app_public_key.pem"]);
    assert_eq!(app["app_id"], "wx2421b1c4370ec43b");
}

#[test]
fn what_is_made_up_is_said_before_the_call_and_is_in_the_result() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let ran = dev.run(&["send", "--json"]);
    assert_eq!(ran.stderr, format!("mch_billno  {}\n", object(&ran)["mch_billno"].as_str().unwrap()));
    let ran = dev.run(&["topup", "10000098", "100", "--json"]);
    assert_eq!(ran.stderr, format!("reference   {}\n", object(&ran)["reference"].as_str().unwrap()));
    let ran = dev.run(&["merchant", "add", "20000001", "--json"]);
    let key = object(&ran)["api_key"].as_str().unwrap().to_owned();
    assert!(ran.stderr.starts_with(&format!("api key     {key}\n")), "{}", ran.stderr);
}

#[test]
fn an_error_is_an_object_that_says_whether_money_moved() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let fail = |arguments: &[&str]| {
        let ran = dev.run(&[arguments, &["--json"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""), "{}", ran.transcript());
        object(&ran)["error"].clone()
    };
    let error = fail(&["send", "--bill-no", "B1", "--amount", "1"]);
    assert_eq!((&error["err_code"], &error["mch_billno"]), (&"MONEY_LIMIT".into(), &"B1".into()));
    assert_eq!(error["money_moved"], "not_by_this_call");
    assert!(error["message"].as_str().unwrap().starts_with("MONEY_LIMIT: ") && error["hint"].is_string());
    assert_eq!(fail(&["query", "B1"])["err_code"], "NOT_FOUND");
    let error = fail(&["topup", "1", "100", "--reference", "R1"]);
    assert_eq!((&error["code"], &error["money_moved"]), (&"no_such_merchant".into(), &"no".into()));

    let profile = std::fs::read_to_string(dev.path("profile.toml")).unwrap();
    // Somebody takes the connection and says nothing that makes sense.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = profile.lines().find(|line| line.starts_with("base_url")).unwrap();
    let other = format!("base_url = \"http://{}\"", deaf.local_addr().unwrap());
    std::fs::write(dev.path("deaf.toml"), profile.replace(base_url, &other)).unwrap();
    let hang_up = std::thread::spawn(move || drop(deaf.accept().unwrap()));
    let ran = run(&dev.path(""), &["send", "--bill-no", "B2", "--profile", "deaf.toml", "--json"]);
    hang_up.join().unwrap();
    assert_eq!(object(&ran)["error"]["money_moved"], "unknown", "{}", ran.stdout);
}

#[test]
fn what_can_not_be_understood_is_an_object_too() {
    let home = folder();
    let ran = run(home.path(), &["send", "--amount", "1.5", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), ""), "{}", ran.transcript());
    let error = object(&ran)["error"].clone();
    assert!(error["message"].as_str().unwrap().starts_with("invalid value '1.5' for '--amount <FEN>'"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--help"));
    assert!(run(home.path(), &["--version", "--json"]).succeeded().starts_with("hongbao "));
}

#[test]
fn shells_can_complete_every_command() {
    let home = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(home.path(), &["completions", shell]).succeeded();
        for word in ["verify", "diagnose", "doctor", "bill-no"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let ran = run(home.path(), &["completions", "bash", "--json"]);
    assert_eq!((ran.code, &object(&ran)["error"]["hint"]), (Some(1), &"leave --json out".into()));
}
