package pgserver

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/ulikunitz/xz"
)

// unpackFile unpacks the compressed tar in an archive into dir.
func unpackFile(file *zip.File, dir string) error {
	compressed, err := file.Open()
	if err != nil {
		return err
	}
	defer compressed.Close()
	stream, err := xz.NewReader(compressed)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return unpackTar(tar.NewReader(stream), root)
}

// unpackTar writes files, folders and links below root, which nothing in the archive can leave.
func unpackTar(archive *tar.Reader, root *os.Root) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(header.Name)
		if err := unpackFolder(root, path.Dir(name)); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = unpackFolder(root, name)
		case tar.TypeSymlink:
			err = root.Symlink(header.Linkname, name)
		case tar.TypeReg:
			err = unpackEntry(archive, root, name, header.FileInfo().Mode())
		default:
			err = fmt.Errorf("an entry of type %q", header.Typeflag)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

// unpackFolder makes a folder and those above it, open to all whatever the umask says.
func unpackFolder(root *os.Root, name string) error {
	if name == "." || name == "/" {
		return nil
	}
	if err := unpackFolder(root, path.Dir(name)); err != nil {
		return err
	}
	if err := root.Mkdir(name, 0o755); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return root.Chmod(name, 0o755)
}

// unpackEntry writes one file, readable to all: the user who runs postgres is not always the one who unpacks it.
func unpackEntry(content io.Reader, root *os.Root, name string, mode fs.FileMode) error {
	mode = 0o644 | mode.Perm()&0o111
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode), file.Close()) // Chmod as the umask may have taken bits away
}
