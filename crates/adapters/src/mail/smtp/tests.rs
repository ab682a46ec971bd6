//! Mails to a small mail server on this machine.

use super::*;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the server answers.
#[derive(Clone, Copy, Default)]
struct Manners {
    /// What it says to a recipient; `None`: that it is fine.
    recipient: Option<&'static str>,
    /// What it says to a password; `None`: it asks for none.
    password: Option<&'static str>,
    /// It says nothing at all.
    is_deaf: bool,
}

/// A mail server that takes one mail after the other, and notes every line that it hears.
struct Postbox {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Postbox {
    async fn open(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let notes = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no failure.
                let _ = serve(stream, manners, &notes).await;
            }
        });
        Self { port, heard }
    }

    fn mailer(&self, tls: SmtpTls, login: Option<SmtpLogin>) -> SmtpMailer {
        let within = Duration::from_millis(500);
        let settings = SmtpSettings { host: "127.0.0.1".into(), port: self.port, tls, login, within };
        SmtpMailer::open(&settings, "Frontrow <tickets@example.com>".parse().unwrap()).unwrap()
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, manners: Manners, notes: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    if manners.is_deaf {
        while lines.next_line().await?.is_some() {}
        return Ok(());
    }
    write.write_all(b"220 postbox\r\n").await?;
    let mut in_text = false;
    while let Some(line) = lines.next_line().await? {
        notes.lock().unwrap().push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            _ if in_text && line != "." => continue,
            _ if in_text => {
                in_text = false;
                "250 taken"
            }
            "EHLO" if manners.password.is_some() => "250-postbox\r\n250 AUTH PLAIN",
            "EHLO" => "250 postbox",
            "AUTH" => manners.password.unwrap_or("503 why"),
            "RCPT" => manners.recipient.unwrap_or("250 fine"),
            "DATA" => {
                in_text = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn mail() -> Mail {
    let to = "kim@example.com".parse().unwrap();
    Mail { id: Uuid::from_u128(7), to, subject: "A code".into(), text: "12345678\n.\nbye\n".into() }
}

fn login() -> SmtpLogin {
    SmtpLogin { user: "me".into(), password: "s3cret".into() }
}

#[tokio::test]
async fn a_mail_is_handed_over_whole() {
    let postbox = Postbox::open(Manners::default()).await;
    let mailer = postbox.mailer(SmtpTls::None, None);
    assert_eq!(mailer.send(&mail()).await, Ok(()));
    assert_eq!(mailer.send(&mail()).await, Ok(()), "and the next one, too");
    let heard = postbox.heard();
    for line in ["MAIL FROM:<tickets@example.com>", "RCPT TO:<kim@example.com>", "Subject: A code", "12345678", ".."] {
        let count = heard.iter().filter(|heard| heard.as_str() == line).count();
        assert_eq!(count, 2, "{line}: {heard:?}");
    }
}

#[tokio::test]
async fn a_mailbox_that_is_not_there_is_refused_and_all_else_is_for_later() {
    for (answer, fate) in [
        ("550 no such user kim@example.com", NotSent::Refused),
        ("553 not a name", NotSent::Refused),
        ("451 come back", NotSent::Later),
        ("452 too much", NotSent::Later),
        ("530 log in first", NotSent::Later),
        ("what?", NotSent::Later),
    ] {
        let postbox = Postbox::open(Manners { recipient: Some(answer), ..Manners::default() }).await;
        assert_eq!(postbox.mailer(SmtpTls::None, None).send(&mail()).await, Err(fate), "{answer}");
        assert!(!postbox.heard().contains(&"12345678".to_owned()), "nothing is sent to nobody");
    }
}

#[tokio::test]
async fn the_server_is_logged_in_to_if_it_wants_that() {
    let postbox = Postbox::open(Manners { password: Some("235 fine"), ..Manners::default() }).await;
    assert_eq!(postbox.mailer(SmtpTls::None, Some(login())).send(&mail()).await, Ok(()));
    // A zero, the user, a zero, the password.
    assert!(postbox.heard().contains(&"AUTH PLAIN AG1lAHMzY3JldA==".to_owned()), "{:?}", postbox.heard());
    // A wrong password is wrong for every mail: none is lost for it.
    let postbox = Postbox::open(Manners { password: Some("535 wrong"), ..Manners::default() }).await;
    assert_eq!(postbox.mailer(SmtpTls::None, Some(login())).send(&mail()).await, Err(NotSent::Later));
    assert!(!format!("{:?}", login()).contains("s3cret"));
}

#[tokio::test]
async fn without_tls_neither_the_password_nor_the_mail_is_said() {
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let postbox = Postbox::open(Manners { password: Some("235 fine"), ..Manners::default() }).await;
        assert_eq!(postbox.mailer(tls, Some(login())).send(&mail()).await, Err(NotSent::Later), "{tls:?}");
        let said = |word: &str| postbox.heard().iter().any(|line| line.contains(word));
        assert!(!said("AUTH") && !said("kim@example.com") && !said("12345678"), "{:?}", postbox.heard());
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let postbox = Postbox::open(Manners { is_deaf: true, ..Manners::default() }).await;
    assert_eq!(postbox.mailer(SmtpTls::None, None).send(&mail()).await, Err(NotSent::Later));
    let nobody = Postbox { port: 1, heard: Arc::default() };
    assert_eq!(nobody.mailer(SmtpTls::None, None).send(&mail()).await, Err(NotSent::Later), "nobody is there");
}
