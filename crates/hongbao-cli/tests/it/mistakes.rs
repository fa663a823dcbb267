//! What is a person told who makes a mistake? One sentence with the value in it, then what to do; no
//! panic, no secret, and nothing is left behind.

use std::path::Path;

use tempfile::TempDir;

use crate::running::{Dev, Ran, contents, folder, run, run_unread};

/// A key that no output may show. It lacks one character.
const CANARY: &str = "CANARY0123456789abcdefghijklmno";

/// A folder with a profile and all it names, and no platform behind it.
fn profile_folder() -> TempDir {
    let folder = folder();
    let authority = self_signed("authority");
    let merchant = self_signed("merchant");
    let files = [
        ("rootca.pem", authority.0.as_str()),
        ("apiclient_cert.pem", &merchant.0),
        ("apiclient_key.pem", &merchant.1),
        ("api_key.txt", "192006250b4c09247ec02edce69f6a2d"),
        ("app_key.pem", &self_signed("app").1),
        ("profile.toml", PROFILE),
    ];
    for (name, content) in files {
        write(&folder, name, content);
    }
    folder
}

/// Port 1 is nobody's.
const PROFILE: &str = r#"
[merchant]
base_url = "https://127.0.0.1:1"
mch_id = "10000098"
wxappid = "wx8888888888888888"
re_openid = "oxTWIuGaIt6gTKsQRLau2M0yL16E"
api_key_file = "api_key.txt"
certificate_file = "apiclient_cert.pem"
private_key_file = "apiclient_key.pem"
root_ca_file = "rootca.pem"

[app]
base_url = "https://127.0.0.1:1"
app_id = "wx8888888888888888"
key_id = "dev"
openid = "oxTWIuGaIt6gTKsQRLau2M0yL16E"
private_key_file = "app_key.pem"
root_ca_file = "rootca.pem"

[admin]
socket = "admin.sock"
"#;

/// A certificate and its private key, PEM.
fn self_signed(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// The profile with other values, written over the first.
fn change_profile(folder: &TempDir, changes: &[(&str, &str)]) {
    let mut profile = PROFILE.to_owned();
    for (from, to) in changes {
        assert!(profile.contains(from), "{from} is not in the profile");
        profile = profile.replace(from, to);
    }
    write(folder, "profile.toml", &profile);
}

fn write(folder: &TempDir, name: &str, content: &str) {
    std::fs::write(folder.path().join(name), content).expect("a writable folder");
}

/// The last lines of a text whose lines are indented as the code around it is.
fn unindented(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    let lines = lines.iter().map(|line| line.get(least..).unwrap_or_default().to_owned() + "\n");
    lines.collect::<String>().trim().to_owned() + "\n"
}

/// What is asked of every mistake: it fails, with a sentence, without a panic, without the key.
#[track_caller]
fn expect_decent(ran: &Ran) {
    assert!(matches!(ran.code, Some(1 | 2)), "{}", ran.transcript());
    assert!(ran.stderr.starts_with("error: "), "{}", ran.transcript());
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains("panicked at") && !text.contains("CANARY"), "{text}");
    }
}

/// Runs a command in `folder` that must fail with exactly this transcript, and change nothing there.
#[track_caller]
fn mistake(folder: &Path, arguments: &[&str], transcript: &str) {
    let before = contents(folder);
    let ran = run(folder, arguments);
    expect_decent(&ran);
    assert_eq!(ran.transcript(), unindented(transcript), "hongbao {}", arguments.join(" "));
    let after = contents(folder);
    assert!(
        before == after,
        "hongbao {} changed files: {:?} became {:?}",
        arguments.join(" "),
        before.keys(),
        after.keys()
    );
}

/// The same, in an empty folder.
#[track_caller]
fn mistake_anywhere(arguments: &[&str], transcript: &str) {
    mistake(folder().path(), arguments, transcript);
}

/// The same, with a profile and no platform.
#[track_caller]
fn mistake_in(folder: &TempDir, arguments: &[&str], transcript: &str) {
    mistake(folder.path(), &[arguments, &["--profile", "profile.toml"]].concat(), transcript);
}

/// The same, with a platform that is running.
#[track_caller]
fn mistake_at(dev: &Dev, arguments: &[&str], transcript: &str) {
    let books = dev.ok(&["audit"]);
    let ran = dev.run(arguments);
    expect_decent(&ran);
    assert_eq!(ran.transcript(), unindented(transcript), "hongbao {}", arguments.join(" "));
    assert_eq!(dev.ok(&["audit"]), books, "hongbao {} moved money", arguments.join(" "));
}

mod on_the_command_line {
    use super::*;

    #[test]
    fn a_flag_that_does_not_exist_is_named() {
        mistake_anywhere(
            &["send", "--wat"],
            "
            exit 2
            --- stderr
            error: unexpected argument '--wat' found

            Usage: hongbao send [OPTIONS]

            hint: `hongbao help`, or --help behind a command, says what it takes
            ",
        );
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        mistake_anywhere(
            &["sned"],
            "
            exit 2
            --- stderr
            error: unrecognized subcommand 'sned'

              tip: some similar subcommands exist: 'sandbox', 'send'

            Usage: hongbao [OPTIONS] <COMMAND>

            hint: `hongbao help`, or --help behind a command, says what it takes
            ",
        );
    }

    #[test]
    fn an_amount_with_a_point_is_no_amount_of_fen() {
        mistake_anywhere(
            &["send", "--amount", "1.50"],
            r#"
            exit 2
            --- stderr
            error: invalid value '1.50' for '--amount <FEN>': an amount is a whole number of fen, digits only: "1.50"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }

    #[test]
    fn an_amount_below_zero_is_refused() {
        mistake_anywhere(
            &["send", "--amount=-1"],
            r#"
            exit 2
            --- stderr
            error: invalid value '-1' for '--amount <FEN>': an amount is a whole number of fen, digits only: "-1"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
        mistake_anywhere(
            &["send", "--amount", "-1"],
            "
            exit 2
            --- stderr
            error: unexpected argument '-1' found

            Usage: hongbao send [OPTIONS]

            hint: `hongbao help`, or --help behind a command, says what it takes
            ",
        );
    }

    #[test]
    fn wide_digits_are_no_digits() {
        mistake_anywhere(
            &["topup", "10000098", "１００"],
            r#"
            exit 2
            --- stderr
            error: invalid value '１００' for '<AMOUNT>': an amount is a whole number of fen, digits only: "１００"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }

    #[test]
    fn a_bill_number_with_a_slash_is_refused() {
        mistake_anywhere(
            &["query", "a/b"],
            r#"
            exit 2
            --- stderr
            error: invalid value 'a/b' for '<BILL_NO>': a bill number must be 1 to 32 letters or digits: "a/b"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }

    #[test]
    fn a_bill_number_of_33_characters_is_too_long() {
        mistake_anywhere(
            &["send", "--bill-no", "123456789012345678901234567890123"],
            r#"
            exit 2
            --- stderr
            error: invalid value '123456789012345678901234567890123' for '--bill-no <NUMBER>': a bill number must be 1 to 32 letters or digits: "123456789012345678901234567890123"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }

    #[test]
    fn an_openid_with_a_blank_is_refused() {
        mistake_anywhere(
            &["claim", "100", "--as", "ab cd"],
            r#"
            exit 2
            --- stderr
            error: invalid value 'ab cd' for '--as <OPENID>': an openid must be 1 to 32 letters, digits, '-' or '_': "ab cd"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }

    #[test]
    fn a_merchant_number_with_letters_is_refused() {
        mistake_anywhere(
            &["merchant", "add", "1000009x"],
            r#"
            exit 2
            --- stderr
            error: invalid value '1000009x' for '<MERCHANT>': a merchant number must be 1 to 32 digits: "1000009x"

            hint: `hongbao help`, or --help behind a command, says what it takes
            "#,
        );
    }
}

mod in_a_profile {
    use super::*;

    #[test]
    fn a_profile_that_is_not_there_can_be_made_or_named() {
        mistake_anywhere(
            &["send"],
            "
            exit 1
            --- stderr
            error: the profile can't be read: hongbao-dev/profile.toml: No such file or directory (os error 2)

            hint: start `hongbao dev` in this folder, or name a profile: --profile FILE or HONGBAO_PROFILE=FILE
            ",
        );
    }

    #[test]
    fn a_profile_that_is_not_toml_makes_no_sense() {
        let folder = profile_folder();
        write(&folder, "profile.toml", "{\"merchant\": {}}");
        let ran = run(folder.path(), &["send", "--profile", "profile.toml"]);
        expect_decent(&ran);
        assert!(ran.stderr.starts_with("error: the profile makes no sense: profile.toml: "), "{}", ran.stderr);
        assert!(
            ran.stderr.ends_with("\n\nhint: compare it with the one that `hongbao dev` writes\n"),
            "{}",
            ran.stderr
        );
    }

    #[test]
    fn a_key_in_a_profile_is_refused_and_not_shown() {
        let folder = profile_folder();
        change_profile(&folder, &[("api_key_file = \"api_key.txt\"", &format!("api_key = \"{CANARY}\""))]);
        mistake_in(
            &folder,
            &["send"],
            "
            exit 1
            --- stderr
            error: the profile makes no sense: profile.toml: unknown field `api_key`, expected one of `base_url`, `mch_id`, `wxappid`, `re_openid`, `api_key_file`, `certificate_file`, `private_key_file`, `p12_file`, `p12_password_file`, `root_ca_file`

            hint: compare it with the one that `hongbao dev` writes
            ",
        );
    }

    #[test]
    fn a_section_that_is_missing_is_named() {
        let folder = profile_folder();
        write(&folder, "profile.toml", "");
        let sections = [(&["send"][..], "merchant"), (&["claim", "100"], "app"), (&["sandbox", "clock"], "admin")];
        for (arguments, section) in sections {
            let transcript = format!(
                "exit 1\n--- stderr\nerror: the profile has no section [{section}]: profile.toml\n\n\
                 hint: compare it with the one that `hongbao dev` writes"
            );
            mistake_in(&folder, arguments, &transcript);
        }
    }

    #[test]
    fn a_merchant_number_in_a_profile_is_checked_as_well() {
        let folder = profile_folder();
        change_profile(&folder, &[("10000098", "1000009x")]);
        mistake_in(
            &folder,
            &["send"],
            r#"
            exit 1
            --- stderr
            error: the profile makes no sense: profile.toml: a merchant number must be 1 to 32 digits: "1000009x"

            hint: compare it with the one that `hongbao dev` writes
            "#,
        );
    }

    #[test]
    fn a_key_file_that_is_not_there_is_named() {
        let folder = profile_folder();
        change_profile(&folder, &[("api_key.txt", "gone.txt")]);
        mistake_in(
            &folder,
            &["send"],
            "
            exit 1
            --- stderr
            error: gone.txt: No such file or directory (os error 2)

            hint: check the path; in a profile or a configuration it is relative to that file
            ",
        );
    }

    #[test]
    fn a_key_of_31_characters_is_refused_and_not_shown() {
        let folder = profile_folder();
        write(&folder, "api_key.txt", CANARY);
        let transcript = r#"
            exit 1
            --- stderr
            error: no API key: api_key.txt: an API key must be 32 ASCII letters or digits: "31 characters"

            hint: the file holds the key (APIv2 密钥) and nothing else
            "#;
        mistake_in(&folder, &["send"], transcript);
        mistake_in(&folder, &["query", "B1"], transcript);
        mistake_in(&folder, &["merchant", "add", "1", "--key-file", "api_key.txt"], transcript);
    }

    #[test]
    fn a_certificate_file_without_a_certificate_is_refused() {
        let folder = profile_folder();
        write(&folder, "apiclient_cert.pem", CANARY);
        mistake_in(
            &folder,
            &["send"],
            "
            exit 1
            --- stderr
            error: no certificate with its key: apiclient_cert.pem and apiclient_key.pem: there is no certificate: it begins with -----BEGIN CERTIFICATE-----

            hint: name a PEM pair (apiclient_cert.pem and apiclient_key.pem), or apiclient_cert.p12 and its password
            ",
        );
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_belong_together_are_refused() {
        let folder = profile_folder();
        write(&folder, "apiclient_key.pem", &self_signed("another").1);
        mistake_in(
            &folder,
            &["send"],
            "
            exit 1
            --- stderr
            error: the client certificate and private key don't belong together: builder error: keys may not be consistent: KeyMismatch

            hint: certificate_file and private_key_file in the profile name a pair: apiclient_cert.pem and apiclient_key.pem
            ",
        );
    }

    #[test]
    fn a_p12_needs_its_password_and_stands_alone() {
        let folder = profile_folder();
        let (certificate, key) = self_signed("10000098");
        let identity = hongbao::Identity::from_pem(&certificate, &key).expect("a pair");
        let p12 = identity.to_p12("another password").expect("a p12");
        std::fs::write(folder.path().join("apiclient_cert.p12"), p12).expect("a file");
        let pair = "certificate_file = \"apiclient_cert.pem\"\nprivate_key_file = \"apiclient_key.pem\"\n";
        let alone = "p12_file = \"apiclient_cert.p12\"\n";
        change_profile(&folder, &[(pair, &[pair, alone].concat())]);
        mistake_in(
            &folder,
            &["send"],
            "
            exit 1
            --- stderr
            error: a certificate was named twice

            hint: name certificate_file and private_key_file, or p12_file alone
            ",
        );
        let wrong_password = "
            exit 1
            --- stderr
            error: no certificate with its key: apiclient_cert.p12: the p12 file's password is wrong; WeChat Pay's is the merchant number

            hint: name a PEM pair (apiclient_cert.pem and apiclient_key.pem), or apiclient_cert.p12 and its password
            ";
        change_profile(&folder, &[(pair, alone)]);
        mistake_in(&folder, &["send"], wrong_password);
        mistake_in(&folder, &["merchant", "add", "1", "--certificate", "apiclient_cert.p12"], wrong_password);

        write(&folder, "password.txt", "another password\n");
        change_profile(&folder, &[(pair, &[alone, "p12_password_file = \"password.txt\"\n"].concat())]);
        let ran = run(folder.path(), &["query", "B1", "--profile", "profile.toml"]);
        assert!(ran.stderr.contains("no connection"), "it is a client, and nobody listens: {}", ran.stderr);
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let folder = profile_folder();
        change_profile(&folder, &[("private_key_file = \"apiclient_key.pem\"\n", "")]);
        mistake_in(
            &folder,
            &["query", "B1"],
            "
            exit 1
            --- stderr
            error: certificate_file and private_key_file go together

            hint: name both, or p12_file
            ",
        );
    }

    #[test]
    fn a_root_certificate_that_is_none_is_refused() {
        let folder = profile_folder();
        let garbage = ["garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"];
        for content in garbage {
            write(&folder, "rootca.pem", content);
            for arguments in [&["send"][..], &["claim", "100"]] {
                let ran = run(folder.path(), &[arguments, &["--profile", "profile.toml"]].concat());
                expect_decent(&ran);
                assert!(ran.stderr.starts_with("error: the root certificate "), "{arguments:?}: {}", ran.stderr);
                assert!(ran.stderr.contains("\n\nhint: "), "{arguments:?}: {}", ran.stderr);
                assert_eq!(ran.stdout, "", "{arguments:?}: it did not get so far as a call");
            }
        }
    }

    #[test]
    fn an_address_that_is_not_http_is_refused() {
        let folder = profile_folder();
        change_profile(&folder, &[("https://127.0.0.1:1", "ftp://127.0.0.1:1")]);
        for arguments in [&["send"][..], &["query", "B1"]] {
            let ran = run(folder.path(), &[arguments, &["--profile", "profile.toml"]].concat());
            expect_decent(&ran);
            assert!(ran.stderr.starts_with("error: the base URL must be"), "{}", ran.stderr);
            assert!(
                ran.stderr.contains(": ftp://127.0.0.1:1\n\nhint: correct base_url in the profile"),
                "{}",
                ran.stderr
            );
            assert_eq!(ran.stdout, "", "{arguments:?}: it did not get so far as a call");
        }
    }

    #[test]
    fn an_address_without_a_host_moves_nothing_for_certain() {
        let folder = profile_folder();
        for address in ["https://", "https://[", "http://ex ample"] {
            change_profile(&folder, &[("https://127.0.0.1:1", address)]);
            let ran = run(folder.path(), &["send", "--profile", "profile.toml"]);
            expect_decent(&ran);
            assert!(!ran.stderr.contains("may have moved"), "{}", ran.stderr);
            assert!(ran.stderr.contains("base_url") || ran.stderr.contains("base URL"), "{}", ran.stderr);
        }
    }

    #[test]
    fn two_ways_in_for_operators_are_one_too_many() {
        let folder = profile_folder();
        change_profile(
            &folder,
            &[("socket = \"admin.sock\"", "socket = \"admin.sock\"\nurl = \"http://127.0.0.1:1\"")],
        );
        mistake_in(
            &folder,
            &["audit"],
            "
            exit 1
            --- stderr
            error: the section [admin] names a socket or a url, and not both: profile.toml

            hint: compare it with the one that `hongbao dev` writes
            ",
        );
    }
}

mod without_a_platform {
    use super::*;

    #[test]
    fn an_operator_is_told_that_the_platform_is_not_running() {
        let folder = profile_folder();
        mistake_in(
            &folder,
            &["topup", "10000098", "5", "--reference", "R1"],
            "
            exit 1
            --- stdout
            reference   R1
            --- stderr
            error: the platform's admin API can't be reached: error sending request for url (http://admin/admin/top-ups): client error (Connect): No such file or directory (os error 2)

            hint: is the platform running (`hongbao dev` or `hongbao serve`), and is the profile its own?
            ",
        );
    }

    #[test]
    fn a_sender_is_told_the_number_before_the_call_and_that_no_money_moved() {
        let folder = profile_folder();
        mistake_in(
            &folder,
            &["send", "--bill-no", "B1"],
            "
            exit 1
            --- stdout
            mch_billno  B1
            --- stderr
            error: the request was not sent: no connection: error sending request for url (https://127.0.0.1:1/mmpaymkttransfers/sendredpack): client error (Connect): tcp connect error: Connection refused (os error 111) (this call moved no money; an earlier one with the same number may have)

            hint: call again, at least a second later, with the same bill number and values; the bill number is B1
            ",
        );
    }

    #[test]
    fn a_person_is_told_that_nobody_opens_a_packet_twice() {
        let folder = profile_folder();
        // The key of the profile is P-256: both kinds that assertions may have are tried this way.
        mistake_in(
            &folder,
            &["claim", "100"],
            "
            exit 1
            --- stderr
            error: no answer: error sending request for url (https://127.0.0.1:1/packets/100/claims): client error (Connect): tcp connect error: Connection refused (os error 111)

            hint: the same call again gets the same share: nobody opens a packet twice
            ",
        );
    }
}

mod of_a_store {
    use super::*;

    const HINT: &str = "hint: name the store's file: --store FOLDER/hongbao.db";

    #[test]
    fn a_store_that_is_not_there_is_not_made() {
        mistake_anywhere(
            &["audit", "--store", "none.db"],
            &format!("exit 1\n--- stderr\nerror: there is no store: none.db\n\n{HINT}"),
        );
    }

    #[test]
    fn a_text_is_no_store() {
        let folder = folder();
        let transcript = format!("exit 1\n--- stderr\nerror: not a Hongbao store: notes.txt\n\n{HINT}");
        for text in ["", "notes", &"somebody's notes, longer than the header of a database ".repeat(100)] {
            write(&folder, "notes.txt", text);
            mistake(folder.path(), &["audit", "--store", "notes.txt"], &transcript);
        }
    }

    #[test]
    fn a_folder_is_no_store() {
        let folder = folder();
        std::fs::create_dir(folder.path().join("books")).unwrap();
        mistake(
            folder.path(),
            &["audit", "--store", "books"],
            &format!("exit 1\n--- stderr\nerror: not a Hongbao store: books\n\n{HINT}"),
        );
    }
}

mod of_a_migration {
    use super::*;

    #[test]
    fn it_says_where_to() {
        mistake_anywhere(
            &["migrate-store", "--from", "hongbao.db"],
            "
            exit 1
            --- stderr
            error: the database is not named

            hint: name it: --to-file FILE, --to URL, or HONGBAO_MIGRATE_TO
            ",
        );
    }

    #[test]
    fn a_file_that_is_not_there_or_is_no_store_is_left_alone() {
        let folder = folder();
        write(&folder, "notes.txt", "notes");
        for (from, error) in [
            ("none.db", "there is no store: none.db\n\nhint: name the store's file: --from hongbao.db\n"),
            ("notes.txt", "not a Hongbao store: notes.txt\n\nhint: name another file\n"),
            ("postgres://h/db", "a store is moved from a file\n\nhint: name the store's file: --from hongbao.db\n"),
        ] {
            let arguments = ["migrate-store", "--from", from, "--to", "postgres://me@127.0.0.1:1/db"];
            mistake(folder.path(), &arguments, &format!("exit 1\n--- stderr\nerror: {error}"));
        }
    }

    #[test]
    fn what_is_no_url_may_be_a_password_and_is_not_shown() {
        let folder = folder();
        write(&folder, "url.txt", CANARY);
        for to in [["--to", CANARY], ["--to-file", "url.txt"]] {
            mistake(
                folder.path(),
                &["migrate-store", "--from", "hongbao.db", to[0], to[1]],
                "
                exit 1
                --- stderr
                error: a store is moved to a PostgreSQL database, and this URL names none

                hint: it reads postgres://user:password@host:5432/database
                ",
            );
        }
        mistake(
            folder.path(),
            &["migrate-store", "--from", "hongbao.db", "--to-file", "none.txt"],
            "
            exit 1
            --- stderr
            error: none.txt: No such file or directory (os error 2)

            hint: check the path; in a profile or a configuration it is relative to that file
            ",
        );
    }

    #[test]
    fn a_database_that_can_t_be_reached_changes_nothing() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        let folder = dev.path("");
        dev.stop();
        for (to, error) in [
            ("postgres://me:CANARY@127.0.0.1:1/db", "the store can't be reached: 127.0.0.1:1: "),
            ("postgres://me:CANARY@127.0.0.1:1", "the store's URL makes no sense: it names no database"),
        ] {
            let before = std::fs::read(folder.join("hongbao.db")).unwrap();
            let ran = run(&folder, &["migrate-store", "--from", "hongbao.db", "--to", to]);
            expect_decent(&ran);
            assert!(ran.stderr.starts_with(&format!("error: {error}")), "{}", ran.transcript());
            assert_eq!(std::fs::read(folder.join("hongbao.db")).unwrap(), before);
        }
        drop(Dev::start(&folder));
    }
}

mod of_an_operator {
    use super::*;

    #[test]
    fn mistakes_at_a_running_platform_are_explained_and_move_nothing() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        mistake_at(
            &dev,
            &["sandbox", "clock", "tomorrow"],
            r#"
            exit 1
            --- stderr
            error: not a time: "tomorrow"

            hint: say how far (+24h, +30m, +10s) or to when (2014-11-11T12:00:00+08:00)
            "#,
        );
        mistake_at(
            &dev,
            &["topup", "10000098", "0", "--reference", "R1"],
            "
            exit 1
            --- stdout
            reference   R1
            --- stderr
            error: amount_fen must be at least 1, and fit into the account: 0 (HTTP 400)

            hint: nothing was done; correct the call and make it again
            ",
        );
        mistake_at(
            &dev,
            &["topup", "777", "5", "--reference", "R1"],
            "
            exit 1
            --- stdout
            reference   R1
            --- stderr
            error: there is no merchant 777; add it first (HTTP 404)

            hint: nothing was done; correct the call and make it again
            ",
        );
        mistake_at(
            &dev,
            &["merchant", "add", "10000098"],
            "
            exit 1
            --- stderr
            error: merchant 10000098: it exists already

            hint: nothing was done; to change it: hongbao merchant set
            ",
        );
        mistake_at(
            &dev,
            &["app", "add", "wx8888888888888888", "--public-key", "app_public_key.pem"],
            "
            exit 1
            --- stderr
            error: wx8888888888888888 exists already, with other content; PATCH changes it (HTTP 409)

            hint: nothing was done; to change it: hongbao merchant set, hongbao app set
            ",
        );
        mistake_at(
            &dev,
            &["merchant", "add", "20000001", "--app", "wx1"],
            "
            exit 1
            --- stderr
            error: there is no app wx1 (HTTP 404)

            hint: nothing was done; correct the call and make it again
            ",
        );
        mistake_at(
            &dev,
            &["merchant", "add", "20000001", "--certificate", "apiclient_key.pem"],
            "
            exit 1
            --- stderr
            error: no certificate: apiclient_key.pem

            hint: the file holds a PEM certificate (-----BEGIN CERTIFICATE-----), or is a .p12
            ",
        );
    }

    #[test]
    fn a_credential_needs_a_name_of_its_own_and_what_it_permits() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        let app = "wx8888888888888888";
        dev.ok(&["app", "credential", "add", app, "backend", "--scope", "wallets"]);
        mistake_at(
            &dev,
            &["app", "credential", "add", app, "backend", "--scope", "erasure"],
            "
            exit 1
            --- stderr
            error: wx8888888888888888 has a credential backend already; revoke it first (HTTP 409)

            hint: nothing was done; correct the call and make it again
            ",
        );
        mistake_at(
            &dev,
            &["app", "credential", "revoke", app, "other"],
            "
            exit 1
            --- stderr
            error: wx8888888888888888 has no such credential (HTTP 404)

            hint: nothing was done; correct the call and make it again
            ",
        );
        mistake_at(
            &dev,
            &["app", "credential", "add", app, "other", "--scope", "wallets", "--until", "soon"],
            "
            exit 1
            --- stderr
            error: a time is RFC 3339, as 2014-11-11T12:00:00+08:00 (HTTP 400)

            hint: nothing was done; correct the call and make it again
            ",
        );
        for (arguments, said) in [
            (&["app", "credential", "add", app, "other"][..], "--scope <SCOPE>"),
            (
                &["app", "credential", "add", app, "other", "--scope", "all"],
                "[possible values: wallets, withdrawals, erasure]",
            ),
            (&["app", "credential", "add", app, "a b", "--scope", "wallets"], "a name has 1 to 64 letters"),
            (&["app", "credential", "revoke", app, ".."], "a name has 1 to 64 letters"),
        ] {
            let ran = dev.run(arguments);
            assert!(ran.code == Some(2) && ran.stderr.contains(said), "{}", ran.transcript());
        }
    }

    #[test]
    fn a_reference_that_is_used_for_another_amount_shows_what_is_stored() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        dev.ok(&["topup", "10000098", "5", "--reference", "R1"]);
        let books = dev.ok(&["audit"]);
        let ran = dev.run(&["topup", "10000098", "6", "--reference", "R1"]);
        expect_decent(&ran);
        let sentence =
            "error: the reference R1 was used for something else; use a new one (HTTP 409)\n\nhint: stored: ";
        assert!(ran.stderr.starts_with(sentence), "{}", ran.stderr);
        assert!(ran.stderr.contains("\"amount_fen\":5,"), "{}", ran.stderr);
        assert_eq!(dev.ok(&["audit"]), books);
    }

    #[test]
    fn a_clock_is_not_turned_back() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        let ran = dev.run(&["sandbox", "clock", "2014-11-11T12:00:00+08:00"]);
        expect_decent(&ran);
        assert!(ran.stderr.starts_with("error: the clock only goes forward, and shows "), "{}", ran.stderr);
        assert!(ran.stderr.contains(": 2014-11-11T04:00:00Z (HTTP 409)\n\nhint: "), "{}", ran.stderr);
    }
}

mod of_a_server {
    use super::*;

    /// A folder with this configuration, a key and a certificate.
    fn serve_folder(config: &str) -> TempDir {
        let folder = folder();
        let (certificate, key) = self_signed("localhost");
        write(&folder, "server_cert.pem", &certificate);
        write(&folder, "server_key.pem", &key);
        write(&folder, "token.txt", "CANARY-of-30-characters-in-all");
        write(&folder, "hongbao.toml", config);
        folder
    }

    #[track_caller]
    fn serve_mistake(config: &str, error: &str, hint: &str) {
        let folder = serve_folder(config);
        let transcript = format!("exit 1\n--- stderr\nerror: {error}\n\nhint: {hint}");
        mistake(folder.path(), &["serve"], &transcript);
    }

    const SANDBOX: &str = "store = \"hongbao.db\"\nkind = \"sandbox\"\n";
    const LIVE: &str = "store = \"hongbao.db\"\nkind = \"live\"\n";
    const SOCKET: &str = "[admin]\nsocket = \"admin.sock\"\n";
    const TLS: &str = "[tls]\nlisten = \"127.0.0.1:0\"\ncertificate_file = \"server_cert.pem\"\n\
        private_key_file = \"server_key.pem\"\n";

    #[test]
    fn a_configuration_that_is_not_there_can_be_named() {
        mistake_anywhere(
            &["serve"],
            "
            exit 1
            --- stderr
            error: hongbao.toml: No such file or directory (os error 2)

            hint: name the configuration: --config FILE; README shows one, and `hongbao dev` needs none
            ",
        );
    }

    #[test]
    fn a_key_that_does_not_exist_is_named() {
        serve_mistake(
            &format!("{SANDBOX}prot = 80\n{SOCKET}"),
            "the configuration makes no sense: hongbao.toml: unknown field `prot`, expected one of `store`, `store_file`, \
             `kind`, `currency`, `balancers`, `tls`, `plain`, `admin`, `packets`, `people`",
            "README shows a whole configuration",
        );
    }

    #[test]
    fn a_store_is_named_once() {
        let hint = "store = \"hongbao.db\" or \"postgres://…\", or store_file = \"store.txt\", a file that says so";
        serve_mistake(&format!("kind = \"live\"\n{SOCKET}"), "the configuration names no store", hint);
        serve_mistake(
            &format!("{LIVE}store_file = \"token.txt\"\n{SOCKET}"),
            "the configuration names a store twice",
            "keep one of store and store_file",
        );
        serve_mistake(
            &format!("kind = \"live\"\nstore_file = \"gone.txt\"\n{SOCKET}"),
            "gone.txt: No such file or directory (os error 2)",
            "check the path; in a profile or a configuration it is relative to that file",
        );
        serve_mistake(
            &format!("kind = \"live\"\nstore_file = \"/dev/null\"\n{SOCKET}"),
            "nothing is in /dev/null",
            "it says where the store is: postgres://user:password@host:5432/database",
        );
    }

    #[test]
    fn a_mistyped_url_is_no_path_and_not_quoted() {
        serve_mistake(
            &format!("store = \"postgress://me:CANARY@db/hongbao\"\nkind = \"live\"\n{SOCKET}"),
            "the store's URL is of no kind that is known",
            "a database is postgres://user:password@host:5432/database, anything else the path of a file",
        );
    }

    #[test]
    fn a_balancer_that_is_no_address_is_named() {
        serve_mistake(
            &format!("{SANDBOX}balancers = [\"10.0.0.7\", \"10.0.0.0/24\", \"lb.internal\"]\n{SOCKET}"),
            "balancers holds something that is no address: lb.internal",
            "an address is 10.0.0.7, a network 10.0.0.0/24",
        );
    }

    #[test]
    fn a_kind_that_does_not_exist_is_named() {
        serve_mistake(
            &format!("store = \"hongbao.db\"\nkind = \"production\"\n{SOCKET}"),
            "the configuration makes no sense: hongbao.toml: unknown variant `production`, expected `sandbox` or \
             `live`",
            "README shows a whole configuration",
        );
    }

    #[test]
    fn an_admin_token_of_30_characters_is_too_short_and_not_shown() {
        serve_mistake(
            &format!("{SANDBOX}[admin]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"token.txt\"\n"),
            "the admin token is too short: token.txt",
            "it has at least 32 characters: openssl rand -hex 32",
        );
    }

    #[test]
    fn an_admin_address_without_a_token_is_refused() {
        serve_mistake(
            &format!("{SANDBOX}[admin]\nlisten = \"127.0.0.1:0\"\n"),
            "admin.listen and admin.token_file go together",
            "set both, or admin.socket alone",
        );
    }

    #[test]
    fn a_tls_file_that_is_not_there_is_named() {
        serve_mistake(
            &format!("{SANDBOX}{}{SOCKET}", TLS.replace("server_key.pem", "gone.pem")),
            "gone.pem: No such file or directory (os error 2)",
            "check the path; in a profile or a configuration it is relative to that file",
        );
    }

    #[test]
    fn a_platform_that_nobody_could_administer_does_not_start() {
        serve_mistake(
            &format!("{SANDBOX}{TLS}[admin]\n"),
            "nobody could administer the platform",
            "set admin.socket, or admin.listen with admin.token_file",
        );
    }

    /// A live store that a refused configuration left behind could never become a sandbox again.
    #[test]
    fn a_live_platform_has_no_plain_door_and_its_refusal_makes_no_store() {
        serve_mistake(
            &format!("{LIVE}[plain]\nlisten = \"127.0.0.1:0\"\n{SOCKET}"),
            "a live store takes no requests without TLS: leave the plain address out",
            "take the section [plain] out; [tls] is the door of a live platform",
        );
    }

    #[test]
    fn a_certificate_with_another_key_makes_no_store() {
        let folder = serve_folder(&format!("{LIVE}{TLS}{SOCKET}"));
        write(&folder, "server_key.pem", &self_signed("another").1);
        mistake(
            folder.path(),
            &["serve"],
            "
            exit 1
            --- stderr
            error: the server's certificate and private key can't be used together: keys may not be consistent: KeyMismatch

            hint: the files hold PEM: a certificate, and its own private key
            ",
        );
    }

    /// It took the place of whatever file had the socket's name, even of the store itself.
    #[test]
    fn an_admin_socket_never_takes_the_place_of_a_file() {
        let folder = serve_folder(&format!("{SANDBOX}[admin]\nsocket = \"token.txt\"\n"));
        let before = contents(folder.path());
        let ran = run(folder.path(), &["serve"]);
        expect_decent(&ran);
        assert!(ran.stderr.starts_with("error: can't listen on token.txt: "), "{}", ran.stderr);
        let after = contents(folder.path());
        assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)), "{:?}", after.keys());
    }

    #[test]
    fn an_admin_socket_that_another_platform_listens_on_is_left_to_it() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        let socket = dev.path("admin.sock");
        let folder = serve_folder(&format!("{SANDBOX}[admin]\nsocket = {:?}\n", socket.to_str().unwrap()));
        let ran = run(folder.path(), &["serve"]);
        expect_decent(&ran);
        assert!(ran.stderr.starts_with(&format!("error: can't listen on {}: ", socket.display())), "{}", ran.stderr);
        dev.ok(&["audit"]);
    }

    #[test]
    fn times_that_no_clock_reaches_or_that_are_over_at_once_are_refused() {
        for name in ["expire_after_hours", "fail_after_hours"] {
            for hours in ["9999999999999999", "0"] {
                let folder = serve_folder(&format!("{SANDBOX}[packets]\n{name} = {hours}\n{SOCKET}"));
                let before = contents(folder.path());
                let ran = run(folder.path(), &["serve"]);
                expect_decent(&ran);
                assert!(ran.stderr.contains(hours) && ran.stderr.contains("\n\nhint: "), "{}", ran.stderr);
                assert!(contents(folder.path()) == before);
            }
        }
    }

    #[test]
    fn operators_come_in_on_this_machine_only() {
        let folder = serve_folder(&format!("{SANDBOX}[admin]\nlisten = \"0.0.0.0:0\"\ntoken_file = \"token.txt\"\n"));
        write(&folder, "token.txt", "CANARY-of-over-32-characters-in-all");
        mistake(
            folder.path(),
            &["serve"],
            "
            exit 1
            --- stderr
            error: operators come in on this machine only, without TLS: 0.0.0.0:0

            hint: listen on 127.0.0.1, and reach it from elsewhere through ssh
            ",
        );
    }

    #[test]
    fn a_currency_has_few_digits_behind_the_point() {
        serve_mistake(
            &format!("{SANDBOX}[currency]\ncode = \"PTS\"\nsymbol = \"P\"\nminor_digits = 200\n{SOCKET}"),
            "currency.minor_digits is at most 9: 200",
            "it is how many digits stand behind the point; renminbi has 2",
        );
    }

    #[test]
    fn a_sandbox_in_a_folder_too_deep_for_a_socket_says_so() {
        let folder = folder();
        let deep = "d".repeat(120);
        let ran = run(folder.path(), &["dev", "--dir", &deep, "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0"]);
        expect_decent(&ran);
        assert!(ran.stderr.contains(&format!("error: can't listen on {deep}/admin.sock: ")), "{}", ran.stderr);
        assert!(ran.stderr.contains("\n\nhint: "), "{}", ran.stderr);
    }

    #[test]
    fn a_file_is_no_folder_for_a_sandbox() {
        let folder = folder();
        write(&folder, "books", "");
        mistake(
            folder.path(),
            &["dev", "--dir", "books"],
            "
            exit 1
            --- stderr
            error: books: File exists (os error 17)

            hint: name another folder: --dir FOLDER
            ",
        );
    }

    #[test]
    fn a_sandbox_whose_keys_are_gone_says_which() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        let (gone, api_key) = (dev.path("app_key.pem"), dev.path("api_key.txt"));
        std::fs::remove_file(&gone).unwrap();
        dev.stop();
        let before = std::fs::read(&api_key).unwrap();
        let ran = run(home.path(), &["dev", "--dir", "dev", "--listen", "127.0.0.1:0", "--plain", "127.0.0.1:0"]);
        expect_decent(&ran);
        assert!(ran.stderr.starts_with("error: dev/app_key.pem: No such file"), "{}", ran.stderr);
        assert!(ran.stderr.contains("\n\nhint: "), "{}", ran.stderr);
        let is_unchanged = !gone.exists() && std::fs::read(&api_key).unwrap() == before;
        assert!(is_unchanged, "no other keys may take their place");
    }
}

mod of_a_reader {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_panic() {
        let home = folder();
        let dev = Dev::start(&home.path().join("dev"));
        for arguments in [&["audit"][..], &["send"], &["sandbox", "clock"]] {
            let ran = run_unread(&dev.path(""), &[arguments, &["--profile", "profile.toml"]].concat());
            assert!(!ran.stderr.contains("panicked"), "{arguments:?}: {}", ran.stderr);
            assert_ne!(ran.code, Some(101), "{arguments:?}: {}", ran.stderr);
        }
        // A bill number that nobody was told must not be sent with.
        let audit = dev.ok(&["audit"]);
        assert!(audit.starts_with("counted     0 packets,"), "{audit}");
    }
}
