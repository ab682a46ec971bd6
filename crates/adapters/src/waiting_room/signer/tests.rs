//! What is signed can be read, and nothing else can.

use super::*;
use std::collections::BTreeSet;

/// Forgeries of each kind of token.
const FORGERIES: u32 = 10_000;

fn key(id: &str, byte: u8) -> TokenKey {
    TokenKey { id: id.into(), secret: [byte; 32] }
}

fn signer() -> HmacQueueSigner {
    HmacQueueSigner::new(&key("a", 1), &[])
}

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

fn token(n: u64) -> QueueToken {
    QueueToken {
        sale: SaleId::new(Uuid::from_u128(1)),
        epoch: 2,
        group: Group::new(3).unwrap(),
        number: QueueNumber::new(n).unwrap(),
        user: UserId::new(Uuid::from_u128(4)),
        issued: at(5),
    }
}

fn a_pass(user: u128) -> Pass {
    let (sale, user) = (SaleId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(user)));
    Pass { sale, user, generation: 2, expires: at(1_000_000) }
}

#[test]
fn what_was_signed_is_read_as_it_was() {
    let signer = signer();
    let extremes = QueueToken {
        sale: SaleId::new(Uuid::max()),
        epoch: u32::MAX,
        group: Group::FIRST,
        number: QueueNumber::new(u64::MAX).unwrap(),
        user: UserId::new(Uuid::max()),
        issued: at(i64::MIN),
    };
    for token in [token(1), token(u64::MAX), extremes] {
        let text = signer.sign_token(&token);
        assert_eq!((text.len(), signer.read_token(&text)), (100, Ok(token)));
    }
    let extremes = Pass { generation: u32::MAX, expires: at(i64::MAX), ..a_pass(u128::MAX) };
    for pass in [a_pass(4), extremes] {
        let text = signer.sign_pass(&pass);
        assert_eq!((text.len(), signer.read_pass(&text, at(0))), (88, Ok(pass)));
    }
}

#[test]
fn a_token_and_a_pass_stay_the_same_for_ever() {
    let token = signer().sign_token(&token(1));
    let pass = signer().sign_pass(&a_pass(4));
    assert_eq!(
        [token, pass],
        [
            "AcqXgRJxAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAQAAAACAwAAAAAAAAABAAAAAAAAAAUaXyuakEaofyxWM3MkRqi2",
            "AcqXgRJwAAAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAQAAAACAAAAAAAPQkDf_OrRpcAbiH1yL7T-cpLf",
        ]
    );
}

#[test]
fn a_pass_is_good_until_its_last_instant() {
    let signer = signer();
    let text = signer.sign_pass(&a_pass(4));
    assert_eq!(signer.read_pass(&text, at(999_999)), Ok(a_pass(4)));
    for now in [1_000_000, 1_000_001, i64::MAX] {
        assert_eq!(signer.read_pass(&text, at(now)), Err(TokenFlaw::Expired), "at {now}");
    }
}

#[test]
fn keys_can_be_changed_while_tokens_are_out() {
    let old = signer().sign_token(&token(1));
    let both = HmacQueueSigner::new(&key("b", 2), &[key("a", 1)]);
    assert_eq!(both.read_token(&old), Ok(token(1)));
    let new = both.sign_token(&token(1));
    assert_eq!(both.read_token(&new), Ok(token(1)));
    let reads = |signer: &HmacQueueSigner, text: &str| signer.read_token(text).is_ok();
    assert!(!reads(&HmacQueueSigner::new(&key("b", 2), &[]), &old), "the old key has been retired");
    assert!(!reads(&signer(), &new), "an unknown key");
    assert!(!reads(&HmacQueueSigner::new(&key("a", 2), &[]), &old), "another key of the same name");
    let twins = HmacQueueSigner::new(&key("a", 2), &[key("a", 1)]);
    assert!(reads(&twins, &old), "two keys of the same name");
}

#[test]
fn the_keys_can_be_replaced_at_any_time() {
    let signer = signer();
    let old = signer.sign_token(&token(1));
    signer.replace(&key("b", 2), &[key("a", 1)]);
    let new = signer.sign_token(&token(1));
    assert_ne!(old, new);
    assert_eq!([&old, &new].map(|text| signer.read_token(text)), [Ok(token(1)), Ok(token(1))]);
    signer.replace(&key("b", 2), &[]);
    assert_eq!([&old, &new].map(|text| signer.read_token(text)), [Err(TokenFlaw::Forged), Ok(token(1))]);
}

/// A small generator (`SplitMix64`): the same forgeries in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap() % sides
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.roll(256)).unwrap()
    }

    /// Somewhere in a head or in what follows it, up to the tag.
    fn span(&mut self, most: usize) -> std::ops::Range<usize> {
        let begin = self.roll(most);
        begin..begin + 1 + self.roll(most - begin)
    }
}

/// A forgery of something that was signed, by somebody who has other things that were signed, and a key of their own.
/// May come out as what was signed: then it is none.
fn forge(dice: &mut Dice, signed: &str, others: &[String]) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(signed).unwrap();
    let other = &others[dice.roll(others.len())];
    let foreign = URL_SAFE_NO_PAD.decode(other).unwrap();
    match dice.roll(8) {
        0 => bytes = vec![0; dice.roll(200)],
        1 => bytes.truncate(dice.roll(bytes.len())),
        2 => bytes.extend((0..=dice.roll(9)).map(|_| 0)),
        3 => (0..=dice.roll(3)).for_each(|_| {
            let entry = dice.roll(bytes.len());
            bytes[entry] ^= 1 << dice.roll(8);
        }),
        4 => dice.span(bytes.len()).for_each(|entry| bytes[entry] = dice.byte()),
        5 => {
            let most = bytes.len().min(foreign.len());
            let span = dice.span(most);
            bytes[span.clone()].copy_from_slice(&foreign[span]);
        }
        6 => {
            // Everything of the one, the tag of the other.
            bytes.truncate(bytes.len() - TAG);
            bytes.extend(&foreign[foreign.len() - TAG..]);
        }
        _ => {
            let mut text = signed.to_owned().into_bytes();
            let entry = dice.roll(text.len());
            text[entry] = b"AZaz09-_+/=. %\n"[dice.roll(15)];
            return String::from_utf8(text).unwrap();
        }
    }
    if bytes.len() > 5 && dice.roll(10) == 0 {
        bytes[5] = if bytes[5] == TOKEN { PASS } else { TOKEN };
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signed here for others, for other things, elsewhere, and with another purpose.
fn spoils() -> Vec<String> {
    let (signer, elsewhere) = (signer(), HmacQueueSigner::new(&key("a", 9), &[]));
    let other_sale = SaleId::new(Uuid::from_u128(77));
    let other_user = UserId::new(Uuid::from_u128(78));
    vec![
        signer.sign_token(&token(2)),
        signer.sign_token(&QueueToken { sale: other_sale, ..token(1) }),
        signer.sign_token(&QueueToken { user: other_user, ..token(1) }),
        signer.sign_token(&QueueToken { epoch: 3, ..token(1) }),
        signer.sign_pass(&Pass { sale: other_sale, ..a_pass(4) }),
        signer.sign_pass(&Pass { generation: 3, ..a_pass(4) }),
        signer.sign_pass(&Pass { expires: at(0), ..a_pass(4) }),
        signer.sign_pass(&a_pass(78)),
        elsewhere.sign_token(&token(1)),
        elsewhere.sign_pass(&a_pass(4)),
    ]
}

#[test]
fn ten_thousand_forgeries_are_worth_nothing() {
    let (signer, spoils) = (signer(), spoils());
    let signed = [signer.sign_token(&token(1)), signer.sign_pass(&a_pass(4))];
    let honest: BTreeSet<&String> = spoils.iter().chain(&signed).collect();
    let mut dice = Dice(20_260_101);
    let (mut forged, mut of_length) = (0, 0);
    for text in &signed {
        let mut count = 0;
        while count < FORGERIES {
            let forgery = forge(&mut dice, text, &spoils);
            if honest.contains(&forgery) {
                continue;
            }
            count += 1;
            forged += 1;
            of_length += u32::from(forgery.len() == text.len());
            assert_eq!(signer.read_token(&forgery), Err(TokenFlaw::Forged), "{forgery}");
            assert_eq!(signer.read_pass(&forgery, at(0)), Err(TokenFlaw::Forged), "{forgery}");
        }
    }
    assert_eq!(forged, 2 * FORGERIES);
    assert!(of_length > FORGERIES, "most have to get as far as the tag: {of_length}");
}

#[test]
fn one_cant_stand_for_the_other() {
    let signer = signer();
    let (token, pass) = (signer.sign_token(&token(1)), signer.sign_pass(&a_pass(4)));
    assert_eq!(signer.read_token(&pass), Err(TokenFlaw::Forged));
    assert_eq!(signer.read_pass(&token, at(0)), Err(TokenFlaw::Forged));
    // Not even if it is as long, and signed with the right key.
    let text = signer.sign::<TOKEN_BYTES>(PASS, a_pass(4).sale, a_pass(4).user, &[&[1; 21]]);
    assert_eq!(signer.read_token(&text), Err(TokenFlaw::Forged));
}

#[test]
fn nothing_is_read_that_can_never_have_been_meant() {
    let signer = signer();
    let QueueToken { sale, user, .. } = token(1);
    let sign = |group: u8, number: u64| {
        let rest: [&[u8]; 4] = [&[0; 4], &[group], &number.to_be_bytes(), &[0; 8]];
        signer.sign::<TOKEN_BYTES>(TOKEN, sale, user, &rest)
    };
    assert!(signer.read_token(&sign(3, 1)).is_ok());
    assert_eq!(signer.read_token(&sign(4, 1)), Err(TokenFlaw::Forged), "there is no fifth group");
    assert_eq!(signer.read_token(&sign(3, 0)), Err(TokenFlaw::Forged), "there is no number 0");
    for text in ["", "q", &"A".repeat(100), &"A".repeat(88), &"=".repeat(100), &"A".repeat(1_000_000), &"ä".repeat(50)]
    {
        assert_eq!(signer.read_token(text), Err(TokenFlaw::Forged));
        assert_eq!(signer.read_pass(text, at(0)), Err(TokenFlaw::Forged));
    }
}
