//! What do strangers' bytes achieve? Their documented answer, and nothing else: nothing is stored, no money
//! moves, and the next one is served.

mod framing;
mod identity;
mod numbers;
mod products;
mod signatures;
mod sizes;
mod slow;
mod texts;
mod xml;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::{KEY, PATIENCE, Rig, codes, element, sample, signed, with};

const SEND: &str = "/mmpaymkttransfers/sendredpack";
const QUERY: &str = "/mmpaymkttransfers/gethbinfo";

/// The whole answer to a body that can't be read.
const XML_ERROR: &str = "<xml>\n\
     <return_code><![CDATA[FAIL]]></return_code>\n\
     <return_msg><![CDATA[输入xml参数格式错误]]></return_msg>\n\
     <result_code><![CDATA[FAIL]]></result_code>\n\
     <err_code><![CDATA[XML_ERROR]]></err_code>\n\
     <err_code_des><![CDATA[输入xml参数格式错误]]></err_code_des>\n\
     <mch_id>0</mch_id>\n\
     <total_amount>0</total_amount>\n\
     </xml>";

/// Nothing was stored, no money moved, and the sample's number is still free.
async fn assert_untouched(rig: &Rig) {
    assert_eq!(rig.funds().await, 5000);
    rig.assert_books(0).await;
    assert_sends(rig).await;
}

/// The sample is sent: the platform serves, and has stored nothing else.
async fn assert_sends(rig: &Rig) {
    assert_eq!(codes(&rig.send(&[]).await), ["SUCCESS"; 3]);
    assert_eq!(rig.funds().await, 4000);
    rig.assert_books(1).await;
}

/// A body is refused as no XML.
async fn assert_no_xml(rig: &Rig, name: &str, body: impl Into<Vec<u8>>) {
    assert_eq!(rig.post(SEND, body.into()).await, XML_ERROR, "{name}");
}

/// A request is refused for a field, in these words.
fn assert_field_refused(name: &str, reply: &str, words: &str) {
    assert_eq!(codes(reply), ["SUCCESS", "FAIL", "PARAM_ERROR"], "{name}");
    assert_eq!((element(reply, "return_msg"), element(reply, "err_code_des")), (words, words), "{name}");
}

/// The sample's body, with another number.
fn body_of(bill_no: &str) -> String {
    signed(KEY, &with(&sample(), &[("mch_billno", bill_no)]))
}

/// A whole request, its body framed by `Content-Length`, with these headers besides.
fn request(headers: &str, body: &str) -> String {
    format!("POST {SEND} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// A connection without any manners.
struct Raw(TcpStream);

impl Raw {
    async fn connect(address: Option<std::net::SocketAddr>) -> Raw {
        Raw(TcpStream::connect(address.unwrap()).await.unwrap())
    }

    /// Connects to the merchants' door and writes this.
    async fn send(rig: &Rig, bytes: impl AsRef<[u8]>) -> Raw {
        let mut raw = Raw::connect(rig.addresses.plain).await;
        raw.write(bytes).await;
        raw
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Everything up to the moment when the server closes the connection.
    async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        tokio::time::timeout(PATIENCE, read).await.expect("the server closes the connection").unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything up to and including this text; the connection stays open.
    async fn until(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while !bytes.ends_with(end.as_bytes()) {
                bytes.push(self.0.read_u8().await.unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, read).await.expect("the server answers");
        String::from_utf8(bytes).unwrap()
    }

    /// Writes pieces, for ever, until the server has closed the connection.
    async fn write_until_closed(mut self, piece: &[u8]) {
        let write = async {
            while self.0.write_all(piece).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, write).await.expect("the server closes the connection");
    }
}

/// The replies in what a connection brought.
fn replies(raw: &str) -> Vec<&str> {
    raw.split("HTTP/1.").skip(1).collect()
}
