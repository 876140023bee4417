package journal

import bolt "go.etcd.io/bbolt"

// ForgetTail drops the last records, up to n: the defect journal-tail-ignored,
// and nothing to use otherwise. It is for a journal that was just opened.
func (j *Journal) ForgetTail(n int) error {
	return j.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketName)
		for range n {
			k, v := b.Cursor().Last()
			if k == nil {
				return nil
			}
			size := int64(len(v)) // the page changes with Delete
			if err := b.Delete(k); err != nil {
				return err
			}
			j.depth.Add(-1)
			j.bytes.Add(-size)
		}
		return nil
	})
}
