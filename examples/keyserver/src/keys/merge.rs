use pgp::{
    composed::{SignedPublicKey, SignedPublicSubKey},
    packet::{PacketTrait, Signature},
    types::{KeyDetails, SignedUser, SignedUserAttribute},
};

/// Adds to `key` what `other`, the same key as somebody else knows it, has and `key` has not.
/// Nothing is ever taken away, so a submission cannot undo a revocation.
pub(super) fn merge(key: &mut SignedPublicKey, other: SignedPublicKey) {
    let (details, others) = (&mut key.details, other.details);
    merge_signatures(
        &mut details.revocation_signatures,
        others.revocation_signatures,
    );
    merge_signatures(&mut details.direct_signatures, others.direct_signatures);
    for user in others.users {
        let same = |known: &SignedUser| known.id.id() == user.id.id();
        let new = || SignedUser::new(user.id.clone(), Vec::new());
        let known = find_or_push(&mut details.users, same, new);
        merge_signatures(&mut known.signatures, user.signatures);
    }
    for user in others.user_attributes {
        let same = |known: &SignedUserAttribute| known.attr == user.attr;
        let new = || SignedUserAttribute::new(user.attr.clone(), Vec::new());
        let known = find_or_push(&mut details.user_attributes, same, new);
        merge_signatures(&mut known.signatures, user.signatures);
    }
    for subkey in other.public_subkeys {
        let fingerprint = subkey.fingerprint();
        let same = |known: &SignedPublicSubKey| known.fingerprint() == fingerprint;
        let new = || SignedPublicSubKey::new(subkey.key.clone(), Vec::new());
        let known = find_or_push(&mut key.public_subkeys, same, new);
        merge_signatures(&mut known.signatures, subkey.signatures);
    }
}

fn find_or_push<T>(
    list: &mut Vec<T>,
    same: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> &mut T {
    let index = list.iter().position(same).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    &mut list[index]
}

/// Two valid signatures of one key are the same when their signature values are: the rest is
/// signed, or is a part that anybody can pad, of which the shorter wins.
fn merge_signatures(known: &mut Vec<Signature>, others: Vec<Signature>) {
    let len = PacketTrait::write_len_with_header;
    for other in others {
        match known
            .iter_mut()
            .find(|sig| sig.signature() == other.signature())
        {
            Some(sig) if len(&other) < len(sig) => *sig = other,
            Some(_) => {}
            None => known.push(other),
        }
    }
}
