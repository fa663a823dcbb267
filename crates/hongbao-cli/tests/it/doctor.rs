//! `hongbao doctor`: what is well is said to be well, and what is wrong is found, without moving anything.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::running::{Dev, Ran, folder, run};

/// The lines that are not `ok`, and whether it ended as they say.
fn complaints(ran: &Ran) -> Vec<String> {
    let found: Vec<_> = ran.stdout.lines().filter(|line| !line.starts_with("ok ")).map(str::to_owned).collect();
    let is_failure = found.iter().any(|line| line.starts_with("FAIL "));
    assert_eq!(ran.code, Some(i32::from(is_failure)), "{}", ran.transcript());
    found
}

#[test]
fn a_sandbox_is_well_and_nothing_moves() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let books = dev.ok(&["audit"]);
    let ran = dev.run(&["doctor"]);
    assert_eq!(complaints(&ran), [""; 0], "{}", ran.stdout);
    for what in ["profile", "api key", "certificate", "connection", "clock", "call", "app key", "operators"] {
        assert!(ran.stdout.contains(&format!("ok    {what:<12} ")), "{what}: {}", ran.stdout);
    }
    assert_eq!(dev.ok(&["audit"]), books);
    let json: serde_json::Value = serde_json::from_str(&dev.ok(&["doctor", "--json"])).unwrap();
    assert_eq!(json["is_well"], true);
    assert_eq!(json["findings"].as_array().unwrap().len(), 8);
}

#[test]
fn another_key_certificate_or_merchant_is_found() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let profile = std::fs::read_to_string(dev.path("profile.toml")).unwrap();
    let examine = |from: &str, to: &str| {
        assert!(profile.contains(from), "{from}");
        std::fs::write(dev.path("changed.toml"), profile.replace(from, to)).unwrap();
        let ran = run(&dev.path(""), &["doctor", "--profile", "changed.toml"]);
        complaints(&ran).join("\n")
    };

    std::fs::write(dev.path("other_key.txt"), "00000000000000000000000000000000").unwrap();
    let found = examine("api_key.txt", "other_key.txt");
    assert!(found.starts_with("FAIL  call         SIGN_ERROR: 签名错误\n"), "{found}");
    assert!(found.contains("api_key_file holds another key"), "{found}");

    let made = rcgen::generate_simple_self_signed(["10000098".to_owned()]).unwrap();
    std::fs::write(dev.path("other_cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dev.path("other_key.pem"), made.signing_key.serialize_pem()).unwrap();
    let found = examine(
        "\"apiclient_cert.pem\"\nprivate_key_file = \"apiclient_key.pem\"",
        "\"other_cert.pem\"\nprivate_key_file = \"other_key.pem\"",
    );
    assert!(found.starts_with("warn  certificate  it is made out to \"rcgen self signed cert\""), "{found}");
    assert!(found.contains("FAIL  call         CA_ERROR: "), "{found}");

    let found = examine("10000098", "10000099");
    assert!(
        found.starts_with("warn  certificate  it is made out to \"10000098\", not to merchant 10000099\n"),
        "{found}"
    );
    assert!(found.contains("FAIL  call         PARAM_ERROR: "), "{found}");

    let found = examine("socket = \"admin.sock\"", "socket = \"gone.sock\"");
    assert!(found.starts_with("FAIL  operators    the platform's admin API can't be reached"), "{found}");
}

#[test]
fn a_platform_that_nobody_runs_is_found() {
    let home = folder();
    let dev = Dev::start(&home.path().join("dev"));
    let at = dev.path("");
    dev.stop();
    let ran = run(&at, &["doctor", "--profile", "profile.toml"]);
    let found = complaints(&ran).join("\n");
    assert!(found.starts_with("FAIL  connection   error sending request"), "{found}");
    assert!(found.contains("check base_url, root_ca_file"), "{found}");
    assert!(!found.contains(" call "), "{found}");
    let ran = run(&at, &["doctor", "--profile", "gone.toml"]);
    assert!(
        complaints(&ran)[0].starts_with("FAIL  profile      the profile can't be read: gone.toml"),
        "{}",
        ran.stdout
    );
}

/// Answers everybody, with a clock of its own.
fn platform_at(date: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let reply =
                format!("HTTP/1.1 404 Not Found\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(reply.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn a_clock_that_is_off_is_found() {
    let home = folder();
    let key = "192006250b4c09247ec02edce69f6a2d";
    std::fs::write(home.path().join("api_key.txt"), key).unwrap();
    let profile = format!(
        "[merchant]\nbase_url = \"{}\"\nmch_id = \"10000098\"\nwxappid = \"wx8888888888888888\"\n\
         api_key_file = \"api_key.txt\"\n",
        platform_at("Tue, 11 Nov 2014 04:00:00 GMT")
    );
    std::fs::write(home.path().join("profile.toml"), profile).unwrap();
    let ran = run(home.path(), &["doctor", "--profile", "profile.toml"]);
    let found = complaints(&ran);
    assert!(
        found[0].starts_with("FAIL  clock        ") && found[0].ends_with(" s ahead of the platform's"),
        "{found:?}"
    );
    assert!(ran.stdout.contains("ok    certificate  none, and none is needed without TLS"), "{}", ran.stdout);
    assert!(found.iter().any(|line| line.starts_with("FAIL  call         the answer is no answer")), "{found:?}");
    assert!(!ran.stdout.contains(key));
}
