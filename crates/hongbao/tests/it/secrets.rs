//! What must never be printed: key and private key at all, openids in full. Every error of the other
//! modules' tables is held to it as well; here is whatever else a caller can print.

use hongbao::BuildError;

use crate::fixtures::{KEY, assert_error_keeps_secrets, assert_keeps_secrets, builder, client, packet};
use crate::mock::{Mock, Plan};

const PRIVATE: &str = "CANARYPRIVATEKEY";

fn pem(label: &str) -> String {
    format!("-----BEGIN {label}-----\n{PRIVATE}\n-----END {label}-----\n")
}

#[test]
fn neither_client_nor_builder_nor_packet_shows_a_secret() {
    let url = "https://localhost:8443";
    let builder = || builder(url).identity_pem(&pem("CERTIFICATE"), &pem("PRIVATE KEY"));
    for shown in [
        format!("{:?} {:#?}", builder(), builder()),
        format!("{:?} {:#?}", client(url), client(url)),
        format!("{:?} {:#?}", packet(), packet()),
    ] {
        assert_keeps_secrets(&shown);
        assert!(!shown.contains(PRIVATE), "{shown}");
    }
}

#[test]
fn a_client_that_cannot_be_made_shows_no_secret() {
    let url = "https://localhost:8443";
    let identity = builder(url).identity_pem(&pem("CERTIFICATE"), &pem("PRIVATE KEY")).build().unwrap_err();
    let no_identity = builder(url).identity_pem("", "").build().unwrap_err();
    assert!(matches!(no_identity, BuildError::Identity(_)), "{no_identity}");
    let address = builder("localhost").build().unwrap_err();
    assert!(matches!(address, BuildError::BaseUrl(_)), "{address}");
    for error in [identity, no_identity, address] {
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!shown.contains(KEY) && !shown.contains(PRIVATE), "{shown}");
    }
}

/// What went out must not come back in an error by way of the reply.
#[tokio::test]
async fn a_request_thrown_back_shows_no_secret() {
    let mock = Mock::start([Plan::DropRead]).await;
    client(mock.url()).sendredpack(&packet()).await.unwrap_err();
    let body = hongbao_wire::encode(&mock.requests()[0].params());
    for thrown_back in [
        body.clone(),
        body.replace("</xml>", "<re_openid/></xml>"),
        body.replace("]]></re_openid>", "\u{7}]]></re_openid>"),
        body.replace("]]></re_openid>", "]]><x/></re_openid>"),
        body.replace("<xml>", "<xml><return_code>SUCCESS</return_code><result_code>SUCCESS</result_code>"),
        body[..body.find("</re_openid>").unwrap()].to_owned(),
    ] {
        let mock = Mock::start([Plan::Reply(thrown_back)]).await;
        assert_error_keeps_secrets(&client(mock.url()).sendredpack(&packet()).await.unwrap_err());
    }
}
