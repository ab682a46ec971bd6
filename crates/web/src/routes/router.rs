//! Finds the address that a request is for. The framework tries one regular expression after the other, which takes longer
//! than all the rest of an answer from memory.

use super::address::Address;
use std::str::Split;

/// All addresses, as a tree of the parts of their paths.
#[derive(Default)]
pub(crate) struct Router {
    root: Node,
}

/// What may follow after the same parts.
#[derive(Default)]
struct Node {
    /// By the part that comes next.
    literals: Vec<(String, Node)>,
    /// After a part that varies.
    varying: Option<Box<Node>>,
    /// Number of the address that ends here.
    address: Option<usize>,
}

impl Router {
    /// Finds these, by their place in the list.
    pub fn new(addresses: &[Address]) -> Self {
        let mut router = Self::default();
        for (number, address) in addresses.iter().enumerate() {
            router.add(address.path(), number);
        }
        router
    }

    fn add(&mut self, path: &str, number: usize) {
        path.split('/').fold(&mut self.root, Node::next).address = Some(number);
    }

    /// Number of the address at that path. A literal part goes before one that varies.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.root.find(path.split('/'))
    }
}

impl Node {
    fn next(&mut self, part: &str) -> &mut Self {
        if part.starts_with('{') {
            return self.varying.get_or_insert_default();
        }
        let place = self.literals.iter().position(|(literal, _)| literal == part).unwrap_or_else(|| {
            self.literals.push((part.to_owned(), Self::default()));
            self.literals.len() - 1
        });
        &mut self.literals[place].1
    }

    fn find(&self, mut parts: Split<'_, char>) -> Option<usize> {
        let Some(part) = parts.next() else { return self.address };
        let literal = self.literals.iter().find(|(literal, _)| literal == part);
        literal.and_then(|(_, next)| next.find(parts.clone())).or_else(|| {
            let varying = self.varying.as_ref().filter(|_| !part.is_empty())?;
            varying.find(parts)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_at_the_address_that_has_its_parts() {
        let mut router = Router::default();
        let paths = ["/v1/sales/{id}/queue", "/v1/sales/{id}", "/v1/sales/latest", "/v1/sales", "/v1/{any}/names"];
        for (number, path) in paths.iter().enumerate() {
            router.add(path, number);
        }
        for (path, found) in [
            ("/v1/sales/7/queue", Some(0)),
            ("/v1/sales/latest/queue", Some(0)),
            ("/v1/sales/7", Some(1)),
            ("/v1/sales/latest", Some(2)),
            ("/v1/sales", Some(3)),
            ("/v1/sales/names", Some(1)),
            ("/v1/7/names", Some(4)),
        ] {
            assert_eq!(router.find(path), found, "{path}");
        }
        for other in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1/sales/",
            "/v1/sales//queue",
            "/v1/sales/7/8/queue",
            "/v1/sales/7/queue/",
            "v1/sales",
        ] {
            assert_eq!(router.find(other), None, "{other}");
        }
    }
}
